"""Numbers that follow from sizes and positions: ranges, diagonals, triangles, one-hot rows."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, prod

import numpy as np

from mgecc.frontends.compose import check_table
from mgecc.frontends.tensors import INT64
from mgecc.graph import Unsupported
from mgecc.graph.attributes import NoAttrs
from mgecc.ops.index_items import IndexAttrs, flags
from mgecc.ops.known import axis_of
from mgecc.ops.sorting import ArgReduceAttrs
from mgecc.ops.unique import UniqueAttrs

from ..dtypes import dtype_of
from . import OnnxNode, Tensor, TensorBuilder, rule


@rule("Linspace", "Range")
def range_(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Computed in double precision, or in integers."""
    first, end, step = (node.operand(k).known.reshape(-1)[0].item() for k in range(3))
    if step == 0:
        raise Unsupported("a range in steps of 0 does not end")
    count = max(ceil((end - first) / step) if isinstance(step, float) else -((first - end) // step), 0)
    check_table(count)
    dtype = node.operand(0).dtype
    return [t.constant((first + np.arange(count) * step).astype(dtype.numpy), dtype)]


@rule("Eye", "EyeLike")
def eye_like(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    if x.rank != 2:
        raise Unsupported(f"data of rank {x.rank} is no matrix")
    rows, columns = x.shape
    check_table(rows, columns)
    dtype = dtype_of(node.get("dtype", 0)) if "dtype" in node.attrs else x.dtype
    return [t.constant(np.eye(rows, columns, node.get("k", 0)), dtype)]


@rule("Where", "Trilu")
def triangle(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """What lies on a diagonal and above it, or on it and below it; zeros elsewhere."""
    x, diagonal = node.operand(0), node.optional(1)
    if x.rank < 2:
        raise Unsupported(f"data of rank {x.rank} is no matrix")
    rows, columns = x.shape[-2:]
    check_table(rows, columns)
    k = min(max(0 if diagonal is None else diagonal.integers[0], -rows - 1), columns + 1)
    ahead = np.arange(columns) - np.arange(rows)[:, None]
    kept = ahead >= k if node.get("upper", 1) else ahead <= k
    return [t.where(t.constant(kept), x, t.like(x, 0))]


@rule("Where", "OneHot")
def one_hot(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Negative indices count from the end; rows of other ones have no hot element."""
    index, values = node.operand(0), node.operand(2)
    depth = int(node.operand(1).known.reshape(-1)[0])
    axis = axis_of(node.get("axis", -1), index.rank + 1)
    check_table(depth)
    places = t.reshape(
        t.constant(np.arange(depth)), [depth if a == axis else 1 for a in range(index.rank + 1)]
    )
    index = t.unsqueeze(t.cast(index, INT64), [axis])
    from_end = t.elemwise("sub", places, t.like(places, depth))
    hot = t.elemwise("or", t.compare("eq", index, places), t.compare("eq", index, from_end))
    off, on = (t.reshape(t.slice(values, {0: (k, k + 1, 1)}), ()) for k in range(2))
    return [t.where(hot, on, off)]


@rule("Argmax", "Hardmax")
def hardmax(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """1 at the first largest element along an axis, 0 elsewhere."""
    x = node.operand(0)
    axis = axis_of(node.get("axis", -1), x.rank)
    found = t.one("Argmax", ArgReduceAttrs(axis), x, dtype=INT64)
    check_table(x.shape[axis])
    places = t.constant(np.arange(x.shape[axis]).reshape([-1 if a == axis else 1 for a in range(x.rank)]))
    return [t.cast(t.compare("eq", found, places), x.dtype)]


@rule("NonZero", "NonZero")
def non_zero(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Coordinates by axis, as many as the data has elements that are not zero."""
    if not node.operand(0).rank:
        raise Unsupported("a number of rank 0 has no coordinates")
    return [t.one("NonZero", NoAttrs(), node.operand(0), dtype=INT64)]


@rule("Unique", "Unique")
def unique(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Different elements, or parts along an axis, with where each is first, which of them every one is, how often."""
    x, axis = node.operand(0), node.get("axis", None)
    if axis is None:
        x, axis = t.reshape(x, (x.elements,)), 0
    axis = axis_of(axis, x.rank)
    turned = t.transpose(x, [axis, *(a for a in range(x.rank) if a != axis)])
    rows = t.reshape(turned, (x.shape[axis], prod(turned.shape[1:])))
    found = t.add("Unique", UniqueAttrs(bool(node.get("sorted", 1))), rows, dtype=INT64)
    # The gather that knows indices of varying size.
    parts = t.one("IndexingMultiAxisVec", IndexAttrs((flags(axis, index=True),)), x, found[0], dtype=x.dtype)
    return [parts, *found]
