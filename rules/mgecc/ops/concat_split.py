"""Joining values along an axis and cutting them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported, Value
from mgecc.graph.types import INT32
from mgecc.ops.counted import Extent, Extents, Given, Maker, Numbers, together
from mgecc.ops.counts import Count
from mgecc.ops.known import AxisAttrs, known_sizes, own_axis, same_dtype
from mgecc.ops.registry import Operator, operator
from mgecc.ops.spans import Span, spans_of, union, whole_range

MOST_JOINED = 8


@operator("Concat")
class Concat(Operator):
    """Values of one type joined along 'axis'."""

    Attributes = AxisAttrs
    operands = "any+"
    limits = "operands of one element type"
    halves = "stored"
    narrowed = True
    moves = True

    @staticmethod
    def is_identity(node: Node) -> bool:
        return len(node.inputs) == 1

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        return union(spans_of(node.inputs, depth))

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        axis = own_axis(node, node.output.type.rank)
        if not any(e and e.axis != axis for e in given.extents):
            joined = _total(axis, list(zip(node.inputs, given.extents)))
            return [Extent(axis, joined) if given.any else None]
        (extent, *others) = set(given.extents)
        if others or extent is None:
            raise given.unserved("its operands are not known to have the same varying size")
        return [extent]

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        axis = own_axis(node, node.output.type.rank)
        joined = given.any and all(e is None or e.axis == axis for e in given.extents)
        return _join(node, given.extents, axis, make) if joined else node

    @staticmethod
    def numbers(node: Node, given: Given) -> Numbers | None:
        return together(node, given)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        types = [v.type for v in node.inputs]
        axis = own_axis(node, types[0].rank)
        others = {t.shape[:axis] + t.shape[axis + 1 :] for t in types if t.rank == types[0].rank}
        if len(others) != 1 or any(t.rank != types[0].rank for t in types):
            shapes = ", ".join(str(list(t.shape)) for t in types)
            raise Unsupported(f"values of shapes {shapes} cannot be joined along axis {axis}")
        shape = list(types[0].shape)
        shape[axis] = sum(t.shape[axis] for t in types)
        return [TensorType(tuple(shape), same_dtype(types))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.concatenate(inputs, own_axis(node, inputs[0].ndim))]


@dataclass(frozen=True)
class ConcatCountedAttrs(AxisAttrs):
    """``counted``: of every value, whether a count says how many of its elements are valid."""

    counted: tuple[bool, ...] = ()


def _join(node: Node, extents: Extents, axis: int, make: Maker) -> Node:
    """A join of the valid elements alone, a few operands after the other."""
    parts = list(zip(node.inputs, extents))
    size = _total(axis, parts)
    while len(parts) > MOST_JOINED:
        first, parts = parts[:MOST_JOINED], parts[MOST_JOINED:]
        attrs, inputs = _joined(axis, first, make)
        joined = make.node("ConcatCounted", attrs, *inputs)
        parts.insert(0, (joined, Extent(axis, _total(axis, first))))
    attrs, inputs = _joined(axis, parts, make)
    made = Node("ConcatCounted", node.name, attrs, inputs, origin=node.origin)
    made.outputs = [node.output, Value(f"{node.output.name}.size", TensorType((1,), INT32), made)]
    node.output.producer = made
    make.known(size, made.outputs[1])
    return made


def _total(axis: int, parts: list[tuple[Value, Extent | None]]) -> Count:
    """How many elements are valid of all parts together."""
    total = Count()
    for value, extent in parts:
        total += extent.size if extent else Count(value.shape[axis])
    return total


def _joined(
    axis: int, parts: list[tuple[Value, Extent | None]], make: Maker
) -> tuple[ConcatCountedAttrs, list[Value]]:
    attrs = ConcatCountedAttrs(axis, tuple(e is not None for _, e in parts))
    return attrs, [*(v for v, _ in parts), *(make.count(e.size) for _, e in parts if e)]


@operator("ConcatCounted")
class ConcatCounted(Operator):
    """Values joined along 'axis' of which some are valid in their first elements only; and how many those are together.

    Inputs: the values, then a count (int32) for each that is 'counted'. The first result has the size of its bound.
    """

    Attributes = ConcatCountedAttrs
    limits = "at most eight operands of one element type"

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        if value is not node.outputs[0]:
            return whole_range(value)
        return union(spans_of(node.inputs[: len(node.attributes(ConcatCountedAttrs).counted)], depth))

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        parts = node.inputs[: len(node.attributes(ConcatCountedAttrs).counted)]
        joined = Node("Concat", node.name, node.attrs, parts, origin=node.origin)
        if len(parts) > MOST_JOINED:
            raise Unsupported(f"{len(parts)} values of varying size cannot be joined", "join eight at a time")
        return [*Concat.infer(joined), TensorType((1,), INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        counted = node.attributes(ConcatCountedAttrs).counted
        axis = own_axis(node, inputs[0].ndim)
        counts = iter(inputs[len(counted) :])
        parts = [
            np.take(x, np.arange(int(next(counts)[0]) if varies else x.shape[axis]), axis)
            for x, varies in zip(inputs, counted)
        ]
        result = np.concatenate(parts, axis)
        return [result, np.array([result.shape[axis]], np.int32)]


def _sizes(node: Node) -> list[int]:
    sizes = [known_sizes(node, i) for i in range(1, len(node.inputs))]
    if any(len(s) != 1 for s in sizes):
        raise Unsupported("the size of a part is not one number")
    return [s[0] for s in sizes]


@operator("Split")
class Split(Operator):
    """Inputs x and the size of every part along 'axis'."""

    Attributes = AxisAttrs
    operands = "any plain+"
    limits = "constant sizes"
    halves = "stored"
    narrowed = True

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        extent = given.only()
        if extent.axis == own_axis(node, node.inputs[0].type.rank):
            raise given.unserved("it is cut into parts of fixed sizes along that axis")
        return given.all(extent)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, sizes = node.inputs[0].type, _sizes(node)
        axis = own_axis(node, x.rank)
        if sum(sizes) != x.shape[axis]:
            raise Unsupported(f"an axis of {x.shape[axis]} cannot be cut into parts of {sizes}")
        return [x.with_shape(x.shape[:axis] + (n,) + x.shape[axis + 1 :]) for n in sizes]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        axis = own_axis(node, inputs[0].ndim)
        return np.split(inputs[0], np.cumsum(_sizes(node))[:-1], axis)
