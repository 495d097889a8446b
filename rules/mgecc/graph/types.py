"""Element types and tensor types."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from mgecc.graph.symbolic import whole

# name -> NumPy type of the stored numbers. Quantised types store integers; 4-bit ones are unpacked to a byte each.
_STORAGE: dict[str, type[np.generic]] = {
    "float32": np.float32,
    "float16": np.float16,
    "int32": np.int32,
    "int16": np.int16,
    "uint16": np.uint16,
    "int8": np.int8,
    "uint8": np.uint8,
    "bool": np.bool_,
    "qint32": np.int32,
    "qint16": np.int16,
    "qint8": np.int8,
    "quint8": np.uint8,
    "qint4": np.int8,
    "quint4": np.uint8,
    "qint1": np.int8,
}

# Types that only constants have, while a file is read and what is known is computed, and integers that the application
# gives and gets: no kernel computes in them.
_WIDE: dict[str, tuple[type[np.generic], str]] = {
    "int64": (np.int64, "int32"),
    "uint64": (np.uint64, "int32"),
    "uint32": (np.uint32, "int32"),
    "float64": (np.float64, "float32"),
}
_STORAGE |= {name: wide for name, (wide, _) in _WIDE.items()}

_RANGES: dict[str, tuple[int, int]] = {"qint4": (-8, 7), "quint4": (0, 15), "qint1": (0, 1)}


@dataclass(frozen=True)
class DType:
    """An element type; quantised ones have real value = (stored - zero_point) * scale."""

    name: str
    scale: float | None = None
    zero_point: int = 0

    def __post_init__(self) -> None:
        if self.name not in _STORAGE:
            raise ValueError(f"unknown element type {self.name!r}")

    @property
    def numpy(self) -> np.dtype:
        """NumPy type of the stored numbers."""
        return np.dtype(_STORAGE[self.name])

    @property
    def size(self) -> int:
        """Bytes of one element in memory at run time."""
        return int(self.numpy.itemsize)

    @property
    def is_float(self) -> bool:
        return self.name in ("float32", "float16", "float64")

    @property
    def is_wide(self) -> bool:
        """Whether kernels compute in another type instead."""
        return self.name in _WIDE

    @property
    def narrow(self) -> DType:
        """The type that stands for it where kernels compute."""
        return DType(_WIDE[self.name][1]) if self.is_wide else self

    @property
    def is_quantized(self) -> bool:
        return self.name.startswith("q")

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest stored integer."""
        if self.name in _RANGES:
            return _RANGES[self.name]
        info = np.iinfo(self.numpy)
        return int(info.min), int(info.max)

    def __str__(self) -> str:
        if self.scale is None:
            return self.name
        zero = f", zero {self.zero_point}" if self.zero_point else ""
        return f"{self.name}(scale {self.scale!r}{zero})"


FLOAT32 = DType("float32")
INT32 = DType("int32")
BOOL = DType("bool")


@dataclass(frozen=True)
class TensorType:
    """Shape, element type and memory layout of a value.

    ``shape`` is always the logical shape. ``block`` = 1 means dense row-major. ``block`` = c > 1 means
    channel-blocked NCHWc: a logical (n, ch, h, w) lies as (n, ceil(ch/c), h, w, c); lanes past ch hold finite numbers.
    """

    shape: tuple[int, ...]
    dtype: DType
    block: int = 1

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def elements(self) -> int:
        """Number of logical elements."""
        return prod(self.shape)

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Shape of the array as it lies in memory."""
        if self.block == 1:
            return self.shape
        n, ch, h, w = self.shape
        return (n, -(-ch // self.block), h, w, self.block)

    @property
    def nbytes(self) -> int:
        """Bytes in memory, padding lanes included."""
        return prod(self.stored_shape) * self.dtype.size

    def with_shape(self, shape: tuple[int, ...]) -> TensorType:
        return replace(self, shape=tuple(whole(d) for d in shape))

    def with_dtype(self, dtype: DType) -> TensorType:
        return replace(self, dtype=dtype)

    def with_block(self, block: int) -> TensorType:
        return replace(self, block=block)

    def __str__(self) -> str:
        layout = f" NCHW{self.block}" if self.block > 1 else ""
        return f"{self.dtype}{list(self.shape)}{layout}"
