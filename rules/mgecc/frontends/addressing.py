"""Reading and writing elements by index arrays, for translation rules."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from mgecc.graph import DType, Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.index_items import IndexAttrs, check_numbers, flags
from mgecc.ops.known import broadcast_shape
from mgecc.ops.scatter_reduce import ScatterReduceAttrs

from .tensors import Tensor, TensorBuilder

Indices = Mapping[int, Tensor]
"""By axis, arrays that broadcast; the axes are adjacent. Negative numbers count from the end."""
_FLOAT16, _FLOAT32 = DType("float16"), DType("float32")


def positions(t: TensorBuilder, n: int, axis: int, rank: int) -> Tensor:
    """0 to n - 1 along an axis of an array that broadcasts to ``rank`` axes."""
    return t.constant(np.arange(n, dtype=np.int32).reshape([n if k == axis else 1 for k in range(rank)]))


def gather(t: TensorBuilder, x: Tensor, indices: Indices) -> Tensor:
    """The elements, or parts, that the arrays name; the arrays' shape stands in the place of the axes."""
    first, last = min(indices), max(indices)
    part = broadcast_shape([i.shape for i in indices.values()])
    shape = (*x.shape[:first], *part, *x.shape[last + 1 :])
    if prod(shape) == 0:
        return t.constant(np.zeros(shape, x.dtype.numpy), x.dtype)
    attrs = IndexAttrs(tuple(flags(axis, index=True) for axis in sorted(indices)))
    return t.one("IndexingMultiAxisVec", attrs, x, *_arrays(t, x, indices), dtype=x.dtype, shape=shape)


def scatter(t: TensorBuilder, x: Tensor, indices: Indices, value: Tensor, mode: str = "set") -> Tensor:
    """``x`` with ``value`` at what ``gather`` reads, or combined with what is there: add, mul, min, max."""
    if value.elements == 0:
        return x
    items = tuple(flags(axis, index=True) for axis in sorted(indices))
    if mode not in ("set", "add"):
        attrs: IndexAttrs = ScatterReduceAttrs(items, mode)  # type: ignore[arg-type]
    else:
        attrs = IndexAttrs(items)
    if x.dtype == _FLOAT16 and mode != "set":  # no kernel combines halves
        wide = scatter(t, t.cast(x, _FLOAT32), indices, t.cast(value, _FLOAT32), mode)
        return t.cast(wide, x.dtype)
    arrays = _arrays(t, x, indices)
    return t.one(_WRITES.get(mode, "IndexingReduceMultiAxisVec"), attrs, x, value, *arrays, dtype=x.dtype)


_WRITES = {"set": "IndexingSetMultiAxisVec", "add": "IndexingIncrMultiAxisVec"}


def _arrays(t: TensorBuilder, x: Tensor, indices: Indices) -> list[Tensor]:
    """Index arrays in the order of their axes, as int32."""
    for axis, index in indices.items():
        if index.array is not None:
            check_numbers(index.array, x.shape[axis])
        elif index.dtype.is_float:
            raise Unsupported(f"positions of type {index.dtype} address nothing")
    return [t.cast(indices[axis], INT32) for axis in sorted(indices)]
