"""Elements chosen by a mask, boxes by their overlap: how many, the run decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.frontends.addressing import gather, positions
from mgecc.graph import Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.known import axis_of
from mgecc.ops.selection import CondTakeAttrs, NMSKeepAttrs
from mgecc.ops.sorting import ArgsortAttrs

from . import OnnxNode, Tensor, TensorBuilder, rule


@rule("CondTake", "Compress")
def compress(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The parts along an axis, or the elements, for which a mask holds that may be shorter."""
    x, mask = node.operand(0), node.operand(1)
    if node.get("axis", None) is None:
        x = t.reshape(x, (x.elements,))
    axis = axis_of(node.get("axis", 0), x.rank)
    if mask.elements > x.shape[axis]:
        raise Unsupported(f"a mask of {mask.elements} elements is longer than an axis of {x.shape[axis]}")
    return [gather(t, x, {axis: _where_true(t, mask)})]


def _where_true(t: TensorBuilder, mask: Tensor) -> Tensor:
    """Positions where a vector of bools is true."""
    if mask.array is not None:
        return t.constant(np.flatnonzero(mask.array).astype(np.int32))
    return t.add("CondTake", CondTakeAttrs("neq", 0.0), mask, mask)[1]


@rule("NMSKeep", "NonMaxSuppression")
def non_max_suppression(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Rows (batch, class, box) of the boxes that are kept: the best of each class first."""
    scores, most = node.operand(1), _number(node, 2, 0)
    batch, classes, count = scores.shape
    most, rows = min(int(most), count), batch * classes
    if most < 1 or not rows:
        return [t.constant(np.zeros((0, 3), np.int64))]
    corners = _corners(t, node.operand(0), node.get("center_point_box", 0))
    best, order = t.add("Argsort", ArgsortAttrs("descending"), t.reshape(scores, (rows, count)))
    images = t.constant(np.repeat(np.arange(batch, dtype=np.int32), classes).reshape(rows, 1))
    sorted_boxes = gather(t, corners, {0: images, 1: order})
    kept, counts = t.add("NMSKeep", NMSKeepAttrs(float(_number(node, 3, 0.0)), most), sorted_boxes)
    each_row = positions(t, rows, 0, 2)
    mask = t.compare("lt", positions(t, most, 1, 2), t.reshape(counts, (rows, 1)))
    threshold = node.optional(4)
    if threshold is not None:
        enough = t.compare("lt", t.reshape(threshold, (1, 1)), gather(t, best, {0: each_row, 1: kept}))
        mask = t.elemwise("and", mask, enough)
    named = _named(t, gather(t, order, {0: each_row, 1: kept}), batch, classes)
    return [gather(t, named, {0: _where_true(t, t.reshape(mask, (rows * most,)))})]


def _number(node: OnnxNode, position: int, default: float) -> float:
    operand = node.optional(position)
    return default if operand is None else operand.known.reshape(-1)[0]


def _corners(t: TensorBuilder, boxes: Tensor, centred: int) -> Tensor:
    """Boxes as (x1, y1, x2, y2), the smaller numbers first; stated by any two corners, or by centre and size."""
    first, second = t.split(boxes, 2, [2, 2])
    if centred:
        half = t.elemwise("mul", second, t.like(second, 0.5))
        return t.concat([t.elemwise("sub", first, half), t.elemwise("add", first, half)], 2)
    return t.concat([t.elemwise("min", first, second), t.elemwise("max", first, second)], 2)


def _named(t: TensorBuilder, boxes: Tensor, batch: int, classes: int) -> Tensor:
    """Batch and class before each box of (rows, most)."""
    rows, most = boxes.shape
    owners = np.stack(np.unravel_index(np.repeat(np.arange(rows), most), (batch, classes)), 1)
    return t.concat(
        [t.constant(owners.astype(np.int32)), t.reshape(t.cast(boxes, INT32), (rows * most, 1))], 1
    )
