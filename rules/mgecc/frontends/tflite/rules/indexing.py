"""Elements by their positions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from mgecc.graph import Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.index_items import IndexAttrs, flags
from mgecc.ops.known import axis_of

from . import Tensor, TensorBuilder, TfliteNode, rule


@rule("MeshIndexing", "GATHER", "EMBEDDING_LOOKUP")
def gather(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    if node.type == "EMBEDDING_LOOKUP":
        return [t.take(node.operand(1), 0, node.operand(0))]
    x, index, batch = node.operand(0), node.operand(1), node.require("batch_dims")
    axis = axis_of(node.require("axis"), x.rank)
    if batch:
        return [_batched(t, x, axis, index, batch + index.rank if batch < 0 else batch)]
    return [t.take(x, axis, index)]


def _batched(t: TensorBuilder, x: Tensor, axis: int, index: Tensor, batch: int) -> Tensor:
    """Positions of their own for every part along the first axes: rows of a table of all parts."""
    if not 0 < batch <= axis:
        raise Unsupported(f"{batch} batch dimensions do not fit the axis {axis}")
    parts, size = prod(x.shape[:batch]), x.shape[axis]
    between, behind = x.shape[batch:axis], x.shape[axis + 1 :]
    order = [*range(batch), axis, *range(batch, axis), *range(axis + 1, x.rank)]
    table = t.reshape(t.transpose(x, order), (parts * size, *between, *behind))
    begins = np.arange(parts).reshape(*x.shape[:batch], *[1] * (index.rank - batch)) * size
    rows = t.elemwise("add", index, t.constant(begins.astype(index.dtype.numpy), index.dtype))
    found = t.take(table, 0, rows)
    at = index.rank
    places = [
        *range(batch),
        *range(at, at + len(between)),
        *range(batch, at),
        *range(at + len(between), found.rank),
    ]
    return t.transpose(found, places)


@rule("MeshIndexing", "GATHER_ND")
def gather_nd(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The last axis of the positions names an element, or part, by its first coordinates."""
    x, index = node.operand(0), node.operand(1)
    table, rows = _flat(t, x, index)
    return [t.take(table, 0, rows)]


def _flat(t: TensorBuilder, x: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """``x`` as a table of what coordinates name, and the rows that they name."""
    depth = index.shape[-1]
    if not 1 <= depth <= x.rank:
        raise Unsupported(f"{depth} coordinates do not name a part of {list(x.shape)}")
    sizes = x.shape[:depth]
    strides = np.array([prod(sizes[k + 1 :]) for k in range(depth)], index.dtype.numpy)
    places = t.elemwise("mul", index, t.constant(strides, index.dtype))
    rows = t.reduce("sum", places, [-1], False)
    return t.reshape(x, (prod(sizes), *x.shape[depth:])), rows


@rule("IncrMeshIndexing", "SCATTER_ND")
def scatter_nd(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Zeros to which values are added at positions; an element that is named twice gets both."""
    index, values, shape = node.operand(0), node.operand(1), node.operand(2).integers
    zeros = t.broadcast(t.like(values, 0), shape)
    table, rows = _flat(t, zeros, index)
    vector = t.reshape(rows, (rows.elements,))
    added = t.reshape(values, (rows.elements, *table.shape[1:]))
    attrs = IndexAttrs((flags(0, index=True),))
    y = t.one("IncrMeshIndexing", attrs, table, added, t.cast(vector, INT32), dtype=values.dtype)
    return [t.reshape(y, shape)]


@rule("SetMeshIndexing", "DYNAMIC_UPDATE_SLICE")
def dynamic_update_slice(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """``x`` with a part replaced; the part is moved inside where it would reach over the edge."""
    x, part, begin = node.operand(0), node.operand(1), node.operand(2)
    limits = t.constant(
        np.array([n - m for n, m in zip(x.shape, part.shape)], begin.dtype.numpy), begin.dtype
    )
    first = t.elemwise("min", t.elemwise("max", begin, t.like(begin, 0)), limits)
    places = []
    for axis, size in enumerate(part.shape):
        one = t.slice(first, {0: (axis, axis + 1, 1)})
        places.append(t.cast(t.elemwise("add", one, t.constant(np.arange(size), begin.dtype)), INT32))
    attrs = IndexAttrs(tuple(flags(axis, index=True) for axis in range(x.rank)))
    return [t.one("SetMeshIndexing", attrs, x, part, *places, dtype=x.dtype)]


@rule("IndexingMultiAxisVec", "REVERSE_SEQUENCE")
def reverse_sequence(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The first elements along an axis in the opposite order, so many as a length of each part says."""
    x, lengths = node.operand(0), node.operand(1)
    along, batch = node.require("seq_dim"), node.require("batch_dim")
    size = x.shape[along]
    at = t.constant(np.arange(size, dtype=np.int32).reshape(1, size))
    length = t.cast(t.reshape(lengths, (x.shape[batch], 1)), INT32)
    mirrored = t.elemwise("sub", t.elemwise("sub", length, t.like(length, 1)), at)
    places = t.where(t.compare("lt", at, length), mirrored, t.broadcast(at, mirrored.shape))
    order = [batch, along, *(k for k in range(x.rank) if k not in (batch, along))]
    moved = t.transpose(x, order)
    attrs = IndexAttrs((flags(1, index=True),))
    y = t.one("BatchedMeshIndexing", attrs, moved, places, dtype=x.dtype)
    return [t.transpose(y, [order.index(k) for k in range(x.rank)])]
