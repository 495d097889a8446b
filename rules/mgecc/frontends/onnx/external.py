"""Constants whose numbers lie in files beside the model."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from mgecc.frontends.errors import printable

from .beside import is_inside
from .errors import OnnxError

_EXTERNAL = 1
"""TensorProto.DataLocation.EXTERNAL"""
_MOST_BYTES = 1 << 31


def load_external(tensor: Any, folder: Path | None) -> int:
    """Read the numbers of a constant that lie beside the model, into the constant; OnnxError if they cannot be.

    Returns how many bytes were read.
    """
    if tensor.data_location != _EXTERNAL:
        return 0
    entries = {entry.key: entry.value for entry in tensor.external_data}
    path = _inside(entries.get("location", ""), folder, tensor.name)
    try:
        offset, size = int(entries.get("offset", "0")), path.stat().st_size
        length = int(entries["length"]) if "length" in entries else size - offset
    except (ValueError, OSError) as error:
        raise OnnxError(f"the constant {tensor.name} lies in another file: {printable(str(error))}") from None
    if offset < 0 or not 0 <= length < _MOST_BYTES:
        raise OnnxError(
            f"the constant {tensor.name} lies at byte {offset}, {length} bytes long, of {path.name}"
        )
    if not path.is_file():
        raise OnnxError(f"{path.name}, where the constant {tensor.name} lies, is no file")
    if offset + length > size:
        raise OnnxError(f"{path.name} ends before the constant {tensor.name} does, at byte {offset + length}")
    tensor.raw_data = _read(path, offset, length, tensor.name)
    tensor.data_location = 0
    del tensor.external_data[:]
    return length


def _inside(location: str, folder: Path | None, name: str) -> Path:
    """The file, which lies in the model's folder, not behind a link: a model must not read what is not its own."""
    if folder is None:
        raise OnnxError(
            f"the constant {name} lies in another file, {printable(location)}, and only one was given"
        )
    path, parts = folder / location, PurePosixPath(location).parts
    if not is_inside(location) or any(p.is_symlink() for p in (path, *path.parents[: len(parts) - 1])):
        why = (
            f"the constant {name} lies in {printable(location)!r}, which is no file inside the model's folder"
        )
        raise OnnxError(f"{why}; save the model with its data beside it")
    return path


def _read(path: Path, offset: int, length: int, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
    except OSError as error:
        raise OnnxError(f"the constant {name} cannot be read: {printable(str(error))}") from None
    if len(data) != length:
        raise OnnxError(f"{path.name} ends before the constant {name} does, at byte {offset + length}")
    return data
