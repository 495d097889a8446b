"""Files of other kinds are named as what they are, with the way out; models are never taken for such."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from mge_writer import MgeFile
from mgecc import frontends
from mgecc.frontends.kinds import KINDS, OtherKind, kind_of
from mgecc.frontends.mge import MgeError, recognises

DATA = Path(__file__).parents[1] / "data"


def field(number: int, content: bytes | int) -> bytes:
    """One field of a protobuf message, shorter than 128 bytes."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    return bytes([number << 3 | 2, len(content)]) + content


def archive(*names: str, content: bytes = b"x") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name in names:
            made.writestr(name, content)
    return stream.getvalue()


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        made.addfile(tarfile.TarInfo("net.mge"))
    return stream.getvalue()


def npz() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, x=np.zeros(3))
    return stream.getvalue()


def npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(3))
    return stream.getvalue()


NODE = field(1, field(1, b"x") + field(2, b"y") + field(4, b"Relu")) + field(2, b"graph")
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123456789abcdef\nsize 14024513\n"
TORCH_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."

# word of the kind's name -> bytes of it
EXAMPLES: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("Git LFS", LFS),
    ("git-annex", b"/annex/objects/SHA256E-s14024513--0123.mge\n"),
    ("HTML", b"\n<!DOCTYPE html>\n<html><head><title>net.mge - GitHub</title>"),
    ("HTML", b"\xef\xbb\xbf<html lang='en'>404: Not Found</html>"),
    ("ONNX Runtime", b"\x1c\0\0\0ORTM" + bytes(60)),
    ("TorchScript", archive("net/constants.pkl", "net/code/__torch__/net.py", "net/data.pkl")),
    ("PyTorch", archive("archive/data.pkl", "archive/data/0", "archive/version")),
    ("Keras model", archive("metadata.json", "config.json", "model.weights.h5")),
    ("NumPy arrays", npz()),
    ("ZIP", archive("model.mge")),
    ("PyTorch file (torch.save of old", TORCH_MAGIC + pickle.dumps(1001, 2)),
    ("weights of MegEngine", b"\x80\x03}q\0X\x0a\0\0\0state_dictcmegengine.tensor\nTensor\n."),
    ("pickled Python", pickle.dumps({"weight": list(range(30))}, 4)),
    ("pickled Python", pickle.dumps({"weight": list(range(30))}, 0)),
    ("pickled Python", pickle.dumps([1.5, 2.5], 1)),
    ("pickled Python", pickle.dumps(np.arange(3.0), 0)),
    ("HDF5", b"\x89HDF\r\n\x1a\n" + bytes(90)),
    ("safetensors", struct.pack("<Q", 30) + b'{"w":{"dtype":"F32","shape":[1]}' + bytes(40)),
    ("GGUF", b"GGUF\3\0\0\0" + bytes(40)),
    ("NumPy array (.npy)", npy()),
    ("gzip", gzip.compress(b"model", mtime=0)),
    ("compressed", b"\xfd7zXZ\0" + bytes(40)),
    ("compressed", b"\x28\xb5\x2f\xfd" + bytes(40)),
    ("tar", tar()),
    ("picture", b"\x89PNG\r\n\x1a\n" + bytes(40)),
    ("picture", b"\xff\xd8\xff\xe0" + bytes(40)),
    ("ELF", b"\x7fELF\2\1\1" + bytes(40)),
    ("mgecc has compiled", b"MGCB" + bytes(40)),
    ("ONNX's text form", b'<\n  ir_version: 8,\n  opset_import: ["" : 18]\n>\nagraph (float[N] x) => (float[N] y)\n'),
    ("ONNX's text form", b'ir_version: 8\nproducer_name: "x"\ngraph {\n}\n'),
    ("ncnn", b"7767517\n75 83\nInput data 0 1 data\n"),
    ("XML", b'<?xml version="1.0"?>\n<net name="n" version="11">'),
    ("JSON", json.dumps({"class_name": "Sequential", "config": {}}).encode()),
    ("JSON", b'[{"a": 1}]'),
    ("SavedModel", field(1, 1) + field(2, field(1, field(4, b"serve")) + field(2, NODE))),
    ("frozen graph", field(1, field(1, b"x") + field(2, b"Placeholder")) + field(4, field(1, 27))),
    ("text", b"model: net.mge\nverify:\n  inputs: inputs.npz\n"),
    ("text", "Größe = 3\n".encode()),
]  # fmt: skip
IDS = [f"{word} {number}" for number, (word, _) in enumerate(EXAMPLES)]


@pytest.mark.parametrize(("word", "data"), EXAMPLES, ids=IDS)
def test_files_of_other_kinds_are_named_with_the_way_out(word: str, data: bytes) -> None:
    with pytest.raises(OtherKind) as caught:
        frontends.survey(data, "net.mge")
    said = str(caught.value)
    assert word in caught.value.kind.name and said.isprintable()
    assert (
        said
        == f"this is {caught.value.kind.name}, no model that is read (.mge, .onnx, .tflite); {caught.value.kind.remedy}"
    )


def test_every_kind_has_an_example() -> None:
    seen = {kind.name for _, data in EXAMPLES if (kind := kind_of(data))}
    assert seen == {kind.name for kind in KINDS}


def test_no_stored_model_is_taken_for_another_kind() -> None:
    for path in sorted(DATA.rglob("*.mge")):
        data = path.read_bytes()
        assert recognises(data) and kind_of(data) is None, path.name


@pytest.mark.parametrize(
    "mark", [b"mgb0001", b"mgbtest0", b"....anc00002", b"packed_model", bytes(8) + b"mgv2"]
)
def test_what_megengine_has_marked_is_left_to_its_reader(mark: bytes) -> None:
    with pytest.raises(MgeError):
        frontends.survey(mark + bytes(40), "net.mge")


@pytest.mark.parametrize("data", [bytes(5000), np.random.default_rng(1).bytes(5000), b"m\0" * 90])
def test_what_nobody_knows_may_be_a_damaged_or_encrypted_model(data: bytes) -> None:
    with pytest.raises(MgeError, match="damaged, encrypted or another kind of file"):
        frontends.survey(data, "net.mge")


@pytest.mark.parametrize(("word", "data"), EXAMPLES, ids=IDS)
def test_cut_and_damaged_files_of_other_kinds_get_one_error(word: str, data: bytes) -> None:
    for length in range(0, len(data), 7):
        for changed in (data[:length], data[:length] + b"\xff" + data[length + 1 :]):
            with pytest.raises((OtherKind, MgeError)):
                frontends.survey(changed, "net.mge")


def test_a_front_end_is_chosen_by_content_not_by_the_name_of_the_file() -> None:
    m = MgeFile()
    y = m.record("Elemwise", [m.input("x", 2, 3)], "y", mode="RELU")
    graph, problems = frontends.survey(m.bytes(y), "net.onnx")
    assert [value.name for value in graph.inputs] == ["x"] and not problems.problems
