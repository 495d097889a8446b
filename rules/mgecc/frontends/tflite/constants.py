"""Constants of TensorFlow Lite files as arrays: packed, sparse and half-precision ones too."""

from __future__ import annotations

from math import prod

import numpy as np

from mgecc.graph import DType, Unsupported

from .errors import TfliteError
from .model import StoredTensor
from .sparse import dense

_PLAIN = {
    "FLOAT32": "float32",
    "FLOAT16": "float16",
    "FLOAT64": "float64",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "UINT8": "uint8",
    "UINT16": "uint16",
    "UINT32": "uint32",
    "UINT64": "uint64",
    "BOOL": "bool",
}
_NIBBLES = "INT4"
_QUANTISED = ("int8", "uint8", "int16")


def dtype_of(tensor: StoredTensor) -> DType:
    """The plain type of a tensor's numbers; Unsupported if they have none."""
    name = "int8" if tensor.type == _NIBBLES else _PLAIN.get(tensor.type)
    if name is None:
        raise Unsupported(f"elements of type {tensor.type} are not supported")
    return DType(name)


def type_of(tensor: StoredTensor) -> DType:
    """The type of a tensor's numbers, quantised ones with their scale and zero point, if they have one for all."""
    plain, stated = dtype_of(tensor), tensor.quantization
    if stated is None or plain.name not in _QUANTISED:
        return plain
    one, (low, high) = len(stated.scale) == 1, plain.range
    if not all(low <= zero <= high for zero in stated.zero_point):
        raise Unsupported(
            f"its zero point {max(stated.zero_point, key=abs)} is no {plain} number",
            "convert the model again",
        )
    return DType(f"q{plain.name}", *((stated.scale[0], stated.zero_point[0]) if one else ()))


def array_of(tensor: StoredTensor) -> np.ndarray:
    """The numbers of a constant in its shape, read-only."""
    assert tensor.data is not None
    dtype = dtype_of(tensor).numpy
    if tensor.sparsity is not None:
        return dense(tensor, _items(tensor, dtype, None))
    return _items(tensor, dtype, prod(tensor.shape)).reshape(tensor.shape)


def _items(tensor: StoredTensor, dtype: np.dtype, count: int | None) -> np.ndarray:
    """As many numbers as there must be, or all there are."""
    assert tensor.data is not None
    if tensor.type == _NIBBLES:
        found = _unpacked(np.frombuffer(tensor.data, np.uint8))[: count if count is not None else None]
    elif len(tensor.data) % dtype.itemsize:
        raise TfliteError(f"the numbers of {tensor.name} end within one", tensor.offset)
    else:
        found = np.frombuffer(tensor.data, dtype)
    if count is not None and len(found) != count:
        why = f"{tensor.name} has the shape {list(tensor.shape)}, and {len(found)} numbers are stored"
        raise TfliteError(why, tensor.offset)
    return found


def _unpacked(octets: np.ndarray) -> np.ndarray:
    """Two signed numbers of four bits in every byte, the low one first."""
    halves = np.stack([octets << 4, octets & 0xF0], axis=-1).reshape(-1)
    return halves.view(np.int8) >> 4
