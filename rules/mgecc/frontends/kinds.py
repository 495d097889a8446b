"""Files that are no model which can be read: what they are, by their content, and the way out.

One table of kinds, the particular before the general. A front end that comes to read a kind takes it out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .errors import ModelError
from .protobuf import is_message

_HEAD = 4096
_PROBED = 1 << 20
_VIA_ONNX = "export it as ONNX"
_DUMP = "build the network in MegEngine, load them, then trace and dump it (mgecc export)"
_UNPACK = "unpack it and name the model file inside"

Test = Callable[[memoryview], bool]


@dataclass(frozen=True)
class Kind:
    """``name``: with its article. ``test``: whether bytes are of this kind. ``remedy``: what to do."""

    name: str
    test: Test
    remedy: str


class OtherKind(ModelError):
    """The bytes are a file of another kind; ``str`` is one line."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"this is {kind.name}, no model that is read (.mge, .onnx, .tflite); {kind.remedy}")
        self.kind = kind


def kind_of(data: bytes | memoryview) -> Kind | None:
    """What kind of other file the bytes are; None if they may be a damaged model, or anything."""
    view = memoryview(data).cast("B")
    return next((kind for kind in KINDS if kind.test(view)), None)


def _at(position: int, *marks: bytes) -> Test:
    return lambda data: any(data[position : position + len(mark)] == mark for mark in marks)


def _holds(test: Test, *words: bytes) -> Test:
    """Files that a test takes and that have one of some words near their beginning or end."""

    def found(data: memoryview) -> bool:
        if not test(data):
            return False
        ends = bytes(data[:_PROBED]), bytes(data[-_PROBED:])
        return any(word in end for word in words for end in ends)

    return found


def _text(pattern: str = "") -> Test:
    """Text in UTF-8 that begins with a pattern."""
    begin = re.compile(pattern, re.IGNORECASE | re.DOTALL)

    def found(data: memoryview) -> bool:
        head = bytes(data[:_HEAD]).removeprefix(b"\xef\xbb\xbf")
        text = head.decode("utf-8", "ignore")
        shown = all(c.isprintable() or c in "\r\n\t\f" for c in text)
        whole = len(head) - len(text.encode()) <= 3
        return shown and whole and begin.match(text) is not None

    return found


def _message(types: dict[int, int], needed: set[int], inner: int) -> Test:
    return lambda data: is_message(data, types, needed, inner)


_ZIP = _at(0, b"PK\3\4", b"PK\5\6")
_PICKLE = _at(0, b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5")

_OLD_PICKLE = re.compile(rb"\([dl]p|[}\]]q\0|c[\w.]+\n\w+\n")


def _is_pickle(data: memoryview) -> bool:
    """Of any protocol; the first two have no mark, but an end."""
    return _PICKLE(data) or (bytes(data[-1:]) == b"." and _OLD_PICKLE.match(bytes(data[:_HEAD])) is not None)


KINDS: tuple[Kind, ...] = (
    Kind("an empty file", lambda data: not len(data), "get it again: nothing of it has arrived"),
    Kind(
        "a pointer of Git LFS, which stands for the file",
        _at(0, b"version https://git-lfs.github.com/spec/"),
        "run: git lfs install && git lfs pull",
    ),
    Kind("a pointer of git-annex", _at(0, b"/annex/objects/"), "run: git annex get FILE"),
    Kind(
        "a web page (HTML)",
        _text(r"\s*<(!doctype\s+html|html|head)\b"),
        "download the file itself, not the page that shows it",
    ),
    Kind("an ONNX Runtime model (.ort)", _at(4, b"ORTM"), "take the ONNX model that it was made of"),
    Kind("a TorchScript model", _holds(_ZIP, b"/constants.pkl", b"/code/__torch__"), _VIA_ONNX),
    Kind(
        "a PyTorch file (torch.save)",
        _holds(_ZIP, b"/data.pkl"),
        _VIA_ONNX.replace("export it", "export the network (torch.onnx.export)"),
    ),
    Kind("a Keras model (.keras)", _holds(_ZIP, b"model.weights.h5"), _VIA_ONNX),
    Kind(
        "an archive of NumPy arrays (.npz)",
        _holds(_ZIP, b".npy"),
        "recorded arrays go with --inputs; " + _DUMP,
    ),
    Kind("a ZIP archive", _ZIP, _UNPACK),
    Kind(
        "a PyTorch file (torch.save of old releases)",
        _holds(_PICKLE, b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"),
        _VIA_ONNX.replace("export it", "export the network (torch.onnx.export)"),
    ),
    Kind("pickled weights of MegEngine (megengine.save)", _holds(_PICKLE, b"megengine"), _DUMP),
    Kind("pickled Python data (weights without a network)", _is_pickle, _DUMP),
    Kind("an HDF5 file (Keras .h5)", _at(0, b"\x89HDF\r\n\x1a\n"), _VIA_ONNX),
    Kind(
        "a file of safetensors (weights without a network)",
        lambda data: _at(8, b'{"')(data) and int.from_bytes(data[:8], "little") <= len(data) - 8,
        _DUMP,
    ),
    Kind("a GGUF file (weights of a language model)", _at(0, b"GGUF"), _DUMP),
    Kind("a NumPy array (.npy)", _at(0, b"\x93NUMPY"), "recorded arrays go with --inputs; " + _DUMP),
    Kind("a gzip file", _at(0, b"\x1f\x8b"), "unpack it (gunzip, or tar xzf)"),
    Kind(
        "a compressed file",
        _at(
            0,
            b"BZh",
            b"\xfd7zXZ\0",
            b"\x28\xb5\x2f\xfd",
            b"7z\xbc\xaf\x27\x1c",
            b"Rar!\x1a\7",
            b"\4\x22\x4d\x18",
        ),
        _UNPACK,
    ),
    Kind("a tar archive", _at(257, b"ustar"), _UNPACK),
    Kind("a picture", _at(0, b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8"), "name the model file"),
    Kind("a program or library (ELF)", _at(0, b"\x7fELF"), "name the model file"),
    Kind("a blob that mgecc has compiled", _at(0, b"MGCB"), "name the model file that it was compiled from"),
    Kind(
        "a model in ONNX's text form",
        _text(r"\s*(<\s*(\w+:[^>]*,\s*)*ir_version\s*:|ir_version\s*:)"),
        "save it as a binary file (onnx.save)",
    ),
    Kind("a network description of ncnn", _text(r"7767517\s"), _VIA_ONNX),
    Kind("an XML file, as OpenVINO has", _text(r"\s*<\?xml"), _VIA_ONNX),
    Kind(
        "JSON text",
        _text(r"\s*[{\[]\s*[\"{\[\]}\d]"),
        "call a configuration NAME.json; a network in JSON (Keras, TensorFlow.js) is exported as ONNX",
    ),
    Kind("a TensorFlow SavedModel", _message({1: 0, 2: 2}, {1, 2}, 2), _VIA_ONNX),
    Kind("a frozen graph of TensorFlow", _message({1: 2, 2: 2, 3: 0, 4: 2}, {1, 4}, 1), _VIA_ONNX),
    Kind("text", _text(r"\s*\S"), "name the model file; a configuration is called model.yaml"),
)
