"""PyTorch weight files without PyTorch.

Both containers are read: the zip of torch 1.6 and later, and the stream of pickles before it. Only what a plain
state dict needs is unpickled; any other name in the file is refused.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

_DTYPES = {
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ByteStorage": np.uint8,
}


@dataclass
class _Storage:
    dtype: np.dtype
    count: int
    data: np.ndarray | None = None


@dataclass(frozen=True)
class _Tensor:
    """A view into a storage whose numbers come later in the file."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def numpy(self) -> np.ndarray:
        if self.storage.data is None:
            raise pickle.UnpicklingError("a tensor has no data")
        strides = [step * self.storage.dtype.itemsize for step in self.stride]
        view = np.lib.stride_tricks.as_strided(self.storage.data[self.offset :], self.size, strides)
        return np.array(view)


def _rebuild_tensor(storage: _Storage, offset: int, size: Any, stride: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, tuple(size), tuple(stride))


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _DTYPES:
            return np.dtype(_DTYPES[name])
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"refused: {module}.{name}")
        return _ALLOWED[module, name]

    def persistent_load(self, identity: Any) -> _Storage:
        _, dtype, key, _, count = identity[:5]
        return self.storages.setdefault(key, _Storage(dtype, count))


def load_state_dict(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a .pth file by their state-dict name; a dict around the state dict is looked through."""
    found = _load_zip(path) if zipfile.is_zipfile(path) else _load_stream(path)
    for key in ("state_dict", "model", "model_state_dict"):
        if isinstance(found.get(key), dict):
            found = found[key]
    return {name: value.numpy() for name, value in found.items() if isinstance(value, _Tensor)}


def _load_zip(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        member = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        unpickler = _Unpickler(io.BytesIO(archive.read(member)))
        found = unpickler.load()
        for key, storage in unpickler.storages.items():
            raw = archive.read(f"{member.removesuffix('data.pkl')}data/{key}")
            storage.data = np.frombuffer(raw, storage.dtype, storage.count)
    return dict(found)


def _load_stream(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        for _ in ("magic number", "protocol", "system"):
            _Unpickler(file).load()
        unpickler = _Unpickler(file)
        found = unpickler.load()
        for key in _Unpickler(file).load():
            (count,) = struct.unpack("<q", file.read(8))
            storage = unpickler.storages[key]
            storage.data = np.frombuffer(file.read(count * storage.dtype.itemsize), storage.dtype)
    return dict(found)
