"""Element types of `.mge` files: names, storage, and how stored bytes become NumPy arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mgecc.frontends.flatbuffer import Table

from .errors import MgeError

DTYPE_NAMES = (
    "float32", "uint8", "int8", "int16", "int32", "intb1", "intb2", "intb4",
    "byte", "float16", "uintb4", "quint8", "qint32", "qint8", "quint4", "qint4",
    "qint16", "bfloat16", "bool", "uint16", "qint1", "complex64",
)  # fmt: skip
"""Names by DTypeEnum number."""

_BITS = {"intb1": 1, "intb2": 2, "intb4": 4, "uintb4": 4, "quint4": 4, "qint4": 4}
_STORAGE = {
    "float32": "<f4",
    "uint8": "u1",
    "int8": "i1",
    "int16": "<i2",
    "int32": "<i4",
    "byte": "u1",
    "float16": "<f2",
    "quint8": "u1",
    "qint32": "<i4",
    "qint8": "i1",
    "qint16": "<i2",
    "bfloat16": "<u2",
    "bool": "u1",
    "uint16": "<u2",
    "qint1": "i1",
    "complex64": "<c8",
}
"""NumPy spelling of one stored element; the packed types of _BITS have none."""

_SIGNED_NIBBLES = frozenset({"qint4", "intb4"})
_QUANTIZED = frozenset({"quint8", "qint32", "qint8", "quint4", "qint4", "qint16", "qint1"})
_ASYMMETRIC = frozenset({"quint8", "quint4"})


@dataclass(frozen=True)
class DTypeInfo:
    """An element type. Quantised ones carry a scale, asymmetric ones a zero point: real = (stored - zero) * scale."""

    name: str
    scale: float | None = None
    zero_point: int | None = None

    @property
    def is_quantized(self) -> bool:
        """True when values are scaled integers."""
        return self.name in _QUANTIZED

    def nbytes(self, shape: tuple[int, ...]) -> int:
        """Bytes of a dense tensor; rows (last axis) of packed types start on a new byte."""
        bits = _BITS.get(self.name)
        if bits is None:
            return math.prod(shape) * np.dtype(_STORAGE[self.name]).itemsize
        return math.prod(shape[:-1]) * ((shape[-1] * bits + 7) // 8) if shape else 0


def dtype_name(number: int, position: int) -> str:
    """The name of a DTypeEnum number."""
    if not 0 <= number < len(DTYPE_NAMES):
        raise MgeError(f"unknown element type number {number}", position)
    return DTYPE_NAMES[number]


def read_dtype(table: Table | None) -> DTypeInfo | None:
    """A DType table: 0 type, 1 and 2 a union whose kind 1 is {0 scale, 1 zero_point}."""
    if table is None:
        return None
    name = dtype_name(int(table.scalar(0, "int8")), table.position)
    if name not in _QUANTIZED:
        return DTypeInfo(name)
    kind, quantization = table.union(1)
    if kind != 1 or quantization is None:
        raise MgeError(f"element type {name} has no scale", table.position)
    scale = float(quantization.scalar(0, "float32", 0.0))
    if not (math.isfinite(scale) and scale > 0):
        raise MgeError(f"element type {name} has the impossible scale {scale}", quantization.position)
    zero_point = int(quantization.scalar(1, "uint8")) if name in _ASYMMETRIC else None
    return DTypeInfo(name, scale, zero_point)


def _unpack_nibbles(data: memoryview, shape: tuple[int, ...], signed: bool) -> np.ndarray:
    """Two values per byte, low nibble first; the spare nibble of an odd row is dropped."""
    rows = np.frombuffer(data, np.uint8).reshape(*shape[:-1], (shape[-1] + 1) // 2)
    values: np.ndarray = np.stack([rows & 15, rows >> 4], -1).reshape(*shape[:-1], -1)[..., : shape[-1]]
    if signed:
        return np.asarray((np.ascontiguousarray(values) ^ 8).astype(np.int8) - np.int8(8))
    return np.ascontiguousarray(values)


def decode(data: memoryview, shape: tuple[int, ...], dtype: DTypeInfo) -> np.ndarray:
    """The stored elements as an array of `shape`, a view of ``data`` where its bytes can be taken as they are.

    Raises NotImplementedError for intb1 and intb2.
    """
    if dtype.name in _BITS:
        if _BITS[dtype.name] != 4:
            raise NotImplementedError(f"elements of type {dtype.name} cannot be unpacked")
        return _unpack_nibbles(data, shape, dtype.name in _SIGNED_NIBBLES)
    stored: np.ndarray = np.frombuffer(data, _STORAGE[dtype.name]).reshape(shape)
    if dtype.name == "bfloat16":
        return (stored.astype(np.uint32) << 16).view(np.float32)
    if dtype.name == "bool":
        return np.asarray(stored != 0)
    return np.require(stored, stored.dtype.newbyteorder("="), "A")
