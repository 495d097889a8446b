"""Elements by their positions: gathering and scattering along an axis, by coordinates, by lengths."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from mgecc.frontends.addressing import gather, positions, scatter
from mgecc.frontends.compose import tiled
from mgecc.graph import Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.known import axis_of

from . import OnnxNode, Tensor, TensorBuilder, rule


@rule("IndexingMultiAxisVec", "GatherElements")
def gather_elements(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, index = node.operand(0), node.operand(1)
    axis = _axis_of_elements(x, index, node.get("axis", 0))
    if index.shape[:axis] + index.shape[axis + 1 :] != x.shape[:axis] + x.shape[axis + 1 :]:
        x = t.slice(x, {k: (0, n, 1) for k, n in enumerate(index.shape) if k != axis})
    table, places = _lines(t, x, axis), _lines(t, index, axis)
    return [t.reshape(gather(t, table, _line_indices(t, places)), index.shape)]


def _axis_of_elements(x: Tensor, index: Tensor, stated: int) -> int:
    axis = axis_of(stated, x.rank)
    if index.rank != x.rank or any(m > n for k, (m, n) in enumerate(zip(index.shape, x.shape)) if k != axis):
        raise Unsupported(f"positions of shape {list(index.shape)} do not lie in {list(x.shape)}")
    return axis


def _lines(t: TensorBuilder, x: Tensor, axis: int) -> Tensor:
    """With one axis before and one behind ``axis``."""
    return t.reshape(x, (prod(x.shape[:axis]), x.shape[axis], prod(x.shape[axis + 1 :])))


def _line_indices(t: TensorBuilder, places: Tensor) -> dict[int, Tensor]:
    outer, _, inner = places.shape
    return {0: positions(t, outer, 0, 3), 1: places, 2: positions(t, inner, 2, 3)}


@rule("IndexingSetMultiAxisVec", "ScatterElements")
def scatter_elements(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, index, value = node.operand(0), node.operand(1), node.operand(2)
    axis, mode = _axis_of_elements(x, index, node.get("axis", 0)), _mode(node)
    if all(m == n for k, (m, n) in enumerate(zip(index.shape, x.shape)) if k != axis):
        places = _line_indices(t, _lines(t, index, axis))
        written = scatter(t, _lines(t, x, axis), places, _lines(t, value, axis), mode)
        return [t.reshape(written, x.shape)]
    places = {k: positions(t, n, k, x.rank) for k, n in enumerate(index.shape)}
    return [scatter(t, x, places | {axis: index}, value, mode)]


def _mode(node: OnnxNode) -> str:
    stated = node.get("reduction", "none")
    return "set" if stated == "none" else str(stated)


@rule("IndexingMultiAxisVec", "GatherND")
def gather_nd(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The last axis of the positions holds coordinates, behind the batch's."""
    x, index, batch = node.operand(0), node.operand(1), node.get("batch_dims", 0)
    depth, count = index.shape[-1], prod(x.shape[:batch])
    shape = (*index.shape[:-1], *x.shape[batch + depth :])
    table = t.reshape(x, (count, *x.shape[batch:]))
    places = _coordinates(t, t.reshape(index, (count, prod(index.shape[batch:-1]), depth)), table.shape[1:])
    if count == 1:
        return [t.reshape(gather(t, t.reshape(x, x.shape[batch:]), dict(enumerate(places))), shape)]
    batches = {0: positions(t, count, 0, 2)}
    return [t.reshape(gather(t, table, batches | dict(enumerate(places, 1))), shape)]


def _coordinates(t: TensorBuilder, index: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    """The columns of coordinates (..., depth), each without the last axis, the first one of one batch without both."""
    depth = index.shape[-1]
    if not 1 <= depth <= len(sizes):
        raise Unsupported(f"{depth} coordinates do not name a part of {list(sizes)}")
    columns = [t.slice(index, {index.rank - 1: (k, k + 1, 1)}) for k in range(depth)]
    shape = index.shape[1:-1] if index.rank == 3 and index.shape[0] == 1 else index.shape[:-1]
    return [t.reshape(column, shape) for column in columns]


@rule("IndexingSetMultiAxisVec", "ScatterND")
def scatter_nd(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, index, value = node.operand(0), node.operand(1), node.operand(2)
    depth, count = index.shape[-1], prod(index.shape[:-1])
    places = _coordinates(t, t.reshape(index, (count, depth)), x.shape)
    parts = t.reshape(value, (count, *x.shape[depth:]))
    return [scatter(t, x, dict(enumerate(places)), parts, _mode(node))]


@rule("IndexingSetMultiAxisVec", "TensorScatter")
def tensor_scatter(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """A cache with new parts along an axis, at a position of its own for every item of the batch."""
    cache, update, begin = node.operand(0), node.operand(1), node.optional(2)
    axis = axis_of(node.get("axis", -2), cache.rank)
    batch, between, size, inner = (
        cache.shape[0],
        prod(cache.shape[1:axis]),
        cache.shape[axis],
        prod(cache.shape[axis + 1 :]),
    )
    begin = t.constant(np.zeros(batch, np.int32)) if begin is None else t.cast(begin, INT32)
    places = t.elemwise("add", t.reshape(begin, (batch, 1, 1)), positions(t, update.shape[axis], 2, 3))
    if node.get("mode", "linear") == "circular":
        places = t.elemwise("mod", places, t.like(places, size))
    indices = {0: positions(t, batch, 0, 3), 1: positions(t, between, 1, 3), 2: places}
    parts = t.reshape(update, (batch, between, update.shape[axis], inner))
    return [
        t.reshape(scatter(t, t.reshape(cache, (batch, between, size, inner)), indices, parts), cache.shape)
    ]


@rule("IndexingMultiAxisVec", "ReverseSequence")
def reverse_sequence(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The first elements along the time in the opposite order, so many as a length of each item of the batch says."""
    x, lengths = node.operand(0), t.cast(node.operand(1), INT32)
    batch, time = node.get("batch_axis", 1), node.get("time_axis", 0)
    if sorted((batch, time)) != [0, 1]:
        raise Unsupported(f"the axes {batch} and {time} are not the first two")
    at = positions(t, x.shape[time], time, 2)
    length = t.reshape(lengths, [x.shape[batch] if k == batch else 1 for k in range(2)])
    mirrored = t.elemwise("sub", t.elemwise("sub", length, t.like(length, 1)), at)
    places = t.where(t.compare("lt", at, length), mirrored, at)
    return [gather(t, x, {time: places, batch: positions(t, x.shape[batch], batch, 2)})]


@rule("Broadcast", "Tile")
def tile(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [tiled(t, node.operand(0), node.operand(1).integers)]
