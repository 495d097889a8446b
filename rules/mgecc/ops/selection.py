"""Choosing elements by conditions. Where the number of results depends on the data the shape is its bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated, Literal

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported, Value
from mgecc.graph.attributes import FINITE, NATURAL
from mgecc.graph.symbolic import is_one, sym_min
from mgecc.graph.types import INT32
from mgecc.ops.counted import Extent, Extents, Given, Maker, aligned, highest, lowest, one_by_one
from mgecc.ops.counts import Count, Passing, chosen
from mgecc.ops.known import broadcast_shape, same_dtype
from mgecc.ops.registry import Operator, operator
from mgecc.ops.saturating import stored
from mgecc.ops.spans import Span, compared, positions, span_of, spans_of, union

Condition = Literal["eq", "neq", "lt", "leq", "gt", "geq"]
_CONDITIONS: dict[Condition, Callable[[np.ndarray, float, float], np.ndarray]] = {
    "eq": lambda m, value, tolerance: np.abs(m - value) < tolerance,
    "neq": lambda m, value, tolerance: np.abs(m - value) >= tolerance,
    "lt": lambda m, value, tolerance: m < value,
    "leq": lambda m, value, tolerance: m <= value,
    "gt": lambda m, value, tolerance: m > value,
    "geq": lambda m, value, tolerance: m >= value,
}


@dataclass(frozen=True)
class CondTakeAttrs(Attributes):
    """Elements are taken whose mask compares so with ``value``; equal ones differ by less than ``tolerance``."""

    condition: Condition
    value: float
    tolerance: float = float(np.float32(1e-6))

    def __str__(self) -> str:
        return f"{self.condition} {self.value}"

    def holds(self, mask: np.ndarray) -> np.ndarray:
        """For each of float32 numbers."""
        compare = _CONDITIONS[self.condition]
        return compare(mask, np.float32(self.value), np.float32(self.tolerance))


@dataclass(frozen=True)
class MaskedFillAttrs(Attributes):
    """``value``: a real number, stored as the data stores it."""

    value: float


@dataclass(frozen=True)
class FillBehindAttrs(Attributes):
    """``number``: as it is stored, in the elements behind a count along ``axis``, which counts from the first."""

    axis: int
    number: float


@dataclass(frozen=True)
class NMSKeepAttrs(Attributes):
    """``iou_threshold``: the part of the union above which the worse of two boxes is dropped."""

    iou_threshold: Annotated[float, FINITE]
    max_boxes: Annotated[int, NATURAL]


class _Varying(Operator):
    @staticmethod
    def varies(node: Node) -> bool:
        return True


def _domain(value: Value, extent: Extent | None) -> Count:
    """How many elements ``value`` has."""
    if extent is None:
        return Count(value.type.elements)
    return extent.size * prod(n for axis, n in enumerate(value.shape) if axis != extent.axis)


def _passing(node: Node, domain: Count) -> Count:
    """How many of the elements of a CondTake's mask fulfil its condition."""
    mask, attrs = node.inputs[1], node.attributes(CondTakeAttrs)
    plain = _PLAIN[attrs.condition] if attrs.tolerance < 0.5 else None
    condition = compared(mask, plain[0], attrs.value) if plain is not None else None
    if condition is None:
        way = (attrs.condition, attrs.value, attrs.tolerance)
        return Count(0, {Passing(mask, way, domain, node): 1})
    return chosen(condition.opposite if plain and plain[1] else condition, domain, node)


# Comparison and whether its opposite is meant.
_PLAIN: dict[Condition, tuple[str, bool]] = {
    "eq": ("eq", False), "neq": ("neq", False), "lt": ("lt", False),
    "leq": ("leq", False), "gt": ("leq", True), "geq": ("lt", True),
}  # fmt: skip


def _failing(node: Node) -> float:
    """A number for which the condition of a CondTake does not hold."""
    dtype, attrs = node.inputs[1].type.dtype, node.attributes(CondTakeAttrs)
    numbers = np.array([np.nan] if dtype.is_float else [0, lowest(dtype), highest(dtype)], np.float32)
    fails = ~attrs.holds(numbers)
    if not fails.any():
        raise Unsupported(f"the condition {attrs} holds for all numbers of type {dtype}")
    return float(numbers[fails][0])


@operator("CondTake")
class CondTake(_Varying):
    """Inputs x, mask: elements whose mask fulfils ``condition``, and their flat int32 indices."""

    Attributes = CondTakeAttrs
    operands = "any any"
    limits = "result of varying size"

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        first = value is node.outputs[0]
        return span_of(node.inputs[0], depth) if first else positions(node.inputs[0].type.elements)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        extent = aligned([v.type for v in node.inputs], given.extents, node.inputs[0].type.rank)
        if extent is not None and not is_one(prod(node.inputs[0].shape[: extent.axis])):
            raise given.unserved("positions are counted across an axis before that one")
        return [Extent(0, _passing(node, _domain(node.inputs[1], extent)))] * 2

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        node.inputs[1] = make.filled(node.inputs[1], given.extents[1], _failing(node) if given.any else 0)
        make.tell(node, found)
        return node

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, mask = node.inputs[0].type, node.inputs[1].type
        if x.shape != mask.shape:
            raise Unsupported(f"data {x} and mask {mask} do not fit")
        return [x.with_shape((x.elements,)), TensorType((x.elements,), INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, mask = (a.reshape(-1) for a in inputs)
        chosen = np.flatnonzero(node.attributes(CondTakeAttrs).holds(mask.astype(np.float32)))
        return [x[chosen], chosen]


@operator("NonZero")
class NonZero(_Varying):
    """The int32 coordinates (rank, count) of elements that are not zero."""

    operands = "any"
    limits = "result of varying size"

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        return positions(*node.inputs[0].shape)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        x = node.inputs[0]
        condition, domain = compared(x, "neq", 0), _domain(x, given.extents[0])
        unknown = Count(0, {Passing(x, ("NonZero",), domain, node): 1})
        return [Extent(1, unknown if condition is None else chosen(condition, domain, node))]

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        node.inputs[0] = make.filled(node.inputs[0], given.extents[0], 0)
        make.tell(node, found)
        return node

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        return [TensorType((x.rank, x.elements), INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.stack(np.nonzero(inputs[0]))]


@operator("Where")
class Where(Operator):
    """Inputs mask, x, y: x where the mask is true, else y."""

    operands = "bool any any"
    limits = "bool mask"
    halves = "stored"

    counted = staticmethod(one_by_one)

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        return union(spans_of(node.inputs[1:], depth))

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        mask, *choices = (v.type for v in node.inputs)
        if mask.dtype.name != "bool":
            raise Unsupported(f"a mask of type {mask.dtype} does not choose")
        return [TensorType(broadcast_shape([v.shape for v in node.inputs]), same_dtype(choices))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.where(*inputs)]


@operator("MaskedFill")
class MaskedFill(Operator):
    """Inputs x, bool mask over the leading axes: ``value`` where the mask is true."""

    Attributes = MaskedFillAttrs
    operands = "any bool"
    limits = "bool mask over the leading axes"
    halves = "stored"

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        x, mask = (v.shape for v in node.inputs)
        leading = node.inputs[1].type.with_shape(mask + (1,) * (len(x) - len(mask)))
        return [aligned([node.inputs[0].type, leading], given.extents, len(x))]

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, mask = node.inputs[0].type, node.inputs[1].type
        if mask.dtype.name != "bool" or x.shape[: mask.rank] != mask.shape:
            raise Unsupported(f"a mask {mask} does not cover data {x}")
        return [x]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, mask = inputs
        value = stored(
            np.array([node.attributes(MaskedFillAttrs).value], np.float32), node.inputs[0].type.dtype
        )
        return [np.where(mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim)), value, x)]


@operator("FillBehind")
class FillBehind(Operator):
    """Inputs x, count (int32): x with ``number`` in the elements along ``axis`` behind the first count."""

    Attributes = FillBehindAttrs
    limits = "none"

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        span, number = span_of(node.inputs[0], depth), node.attributes(FillBehindAttrs).number
        return None if span is None else union([span, (int(number), int(number))])

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [node.inputs[0].type]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        result, attrs = inputs[0].copy(), node.attributes(FillBehindAttrs)
        np.moveaxis(result, attrs.axis, 0)[int(inputs[1].reshape(-1)[0]) :] = attrs.number
        return [result]


def _areas(boxes: np.ndarray) -> np.ndarray:
    return np.asarray((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]))


def _suppressed(box: np.ndarray, others: np.ndarray, threshold: np.float32) -> np.ndarray:
    """Which of ``others`` (n, 4) overlap ``box`` by more than ``threshold`` of the union."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    inside = np.prod(np.maximum(high - low, np.float32(0)), axis=1)
    return np.asarray(inside > threshold * (_areas(box) + _areas(others) - inside))


def keep_boxes(boxes: np.ndarray, threshold: float, limit: int) -> list[int]:
    """Greedy suppression of boxes (n, 4) given as (x1, y1, x2, y2), best first; at most ``limit`` are kept."""
    alive, kept = np.ones(len(boxes), bool), list[int]()
    for i in range(len(boxes)):
        if len(kept) == limit:
            break
        if alive[i]:
            kept.append(i)
            alive[i + 1 :] &= ~_suppressed(boxes[i], boxes[i + 1 :], np.float32(threshold))
    return kept


@operator("NMSKeep")
class NMSKeep(Operator):
    """Boxes (b, n, 4) sorted by score: int32 indices of those kept (b, ``max_boxes``), zero behind, and counts (b).

    A second input, which a pass adds, is how many boxes of each row are valid.
    """

    Attributes = NMSKeepAttrs
    operands = "float"
    limits = "boxes (batch, n, 4) sorted by score"

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        n = node.inputs[0].shape[1]
        return positions(n if value is node.outputs[0] else sym_min(n, node.outputs[0].shape[1]) + 1)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        extent = given.only()
        if extent.axis == 2:
            raise given.unserved()
        return given.all(extent if extent.axis == 0 else None)

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        extent = given.extents[0]
        if extent is not None and extent.axis == 1:
            node.inputs = [*node.inputs, make.count(extent.size)]
        return node

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        if x.rank != 3 or x.shape[2] != 4 or not x.dtype.is_float:
            raise Unsupported(f"{x} are not boxes")
        kept = (x.shape[0], node.attributes(NMSKeepAttrs).max_boxes)
        return [TensorType(kept, INT32), TensorType((x.shape[0],), INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        boxes, attrs = inputs[0].astype(np.float32), node.attributes(NMSKeepAttrs)
        valid = int(inputs[1][0]) if len(inputs) > 1 else boxes.shape[1]
        kept = [keep_boxes(b[:valid], attrs.iou_threshold, attrs.max_boxes) for b in boxes]
        indices = np.zeros((len(kept), attrs.max_boxes), np.int32)
        for row, found in zip(indices, kept):
            row[: len(found)] = found
        return [indices, np.array([len(found) for found in kept], np.int32)]
