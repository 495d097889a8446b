"""Order of elements: largest, smallest, sorted. Equal elements keep their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported, Value
from mgecc.graph.symbolic import always, sym_min
from mgecc.graph.types import INT32
from mgecc.ops.counted import Extent, Extents, Given, Maker, highest, lowest, with_filled
from mgecc.ops.known import axis_of, known
from mgecc.ops.registry import Operator, operator
from mgecc.ops.spans import Span, positions, span_of


def _indices(node: Node, value: Value, depth: int) -> Span | None:
    """Of results values and indices along the last axis."""
    return (
        positions(node.inputs[0].shape[-1]) if value is node.outputs[-1] else span_of(node.inputs[0], depth)
    )


def _sorted(node: Node, given: Given, make: Maker, descending: bool) -> Node:
    """What is not valid stands last: as what comes last, and equal elements keep their order."""
    x = node.inputs[0].type
    last = lowest(x.dtype) if descending else np.nan if x.dtype.is_float else highest(x.dtype)
    return with_filled(node, given, make, {0: last}, x.rank - 1)


@dataclass(frozen=True)
class ArgReduceAttrs(Attributes):
    """``axis``: along which positions are counted; negative ones count from the last."""

    axis: int

    def of(self, rank: int) -> int:
        """The axis, counted from the first."""
        return axis_of(self.axis, rank)


class _ArgReduce(Operator):
    """The int32 index of the first extreme element along ``axis``, which stays with size 1; 0 if there is none."""

    Attributes = ArgReduceAttrs
    operands = "any"
    largest = True

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        x = node.inputs[0].type
        return positions(x.shape[node.attributes(ArgReduceAttrs).of(x.rank)])

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        extent = given.only()
        axis = node.attributes(ArgReduceAttrs).of(node.inputs[0].type.rank)
        return given.all(None if extent.axis == axis else extent)

    @classmethod
    def lowered(cls, node: Node, given: Given, found: Extents, make: Maker) -> Node:
        x = node.inputs[0].type
        number = lowest(x.dtype) if cls.largest else highest(x.dtype)
        return with_filled(node, given, make, {0: number}, node.attributes(ArgReduceAttrs).of(x.rank))

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        axis = node.attributes(ArgReduceAttrs).of(x.rank)
        if x.shape[axis] == 0:
            raise Unsupported("an axis without elements has no extreme one")
        return [TensorType(x.shape[:axis] + (1,) + x.shape[axis + 1 :], INT32)]

    @classmethod
    def evaluate(cls, node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x = inputs[0]
        axis = node.attributes(ArgReduceAttrs).of(x.ndim)
        if not x.shape[axis]:
            return [np.zeros(x.shape[:axis] + (1,) + x.shape[axis + 1 :], np.int32)]
        found = np.argmax(x, axis) if cls.largest else np.argmin(x, axis)
        return [np.expand_dims(found, axis)]


@operator("Argmax")
class Argmax(_ArgReduce):
    """The int32 index of the first largest element along ``axis``, which stays with size 1."""

    limits = "one axis; rows with NaN give the first NaN"


@operator("Argmin")
class Argmin(_ArgReduce):
    """The int32 index of the first smallest element along ``axis``, which stays with size 1."""

    limits = "one axis; rows with NaN give the first NaN"

    largest = False


@dataclass(frozen=True)
class ArgsortAttrs(Attributes):
    """What stands first: the smallest element, or the largest."""

    order: Literal["ascending", "descending"] = "ascending"

    @property
    def is_descending(self) -> bool:
        return self.order == "descending"


@dataclass(frozen=True)
class TopKAttrs(Attributes):
    """``kth_only``: of the first k elements only the last, and no index."""

    kth_only: bool = False


def _order(x: np.ndarray, descending: bool) -> np.ndarray:
    """Indices along the last axis in order, equal elements in their own."""
    if not descending:
        return np.argsort(x, -1, kind="stable")
    return np.asarray(x.shape[-1] - 1 - np.argsort(x[..., ::-1], -1, kind="stable")[..., ::-1])


@operator("Argsort")
class Argsort(Operator):
    """The last axis sorted, and the int32 indices of its elements."""

    Attributes = ArgsortAttrs
    operands = "number"
    limits = "rows of a matrix"

    span = staticmethod(_indices)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        return given.all(given.only())

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        return _sorted(node, given, make, node.attributes(ArgsortAttrs).is_descending)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        return [x, x.with_dtype(INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        order = _order(inputs[0], node.attributes(ArgsortAttrs).is_descending)
        return [np.take_along_axis(inputs[0], order, -1), order]


def _count(node: Node) -> int:
    """k: positive for the smallest, negative for the largest; more than there are take all."""
    numbers = known(node, 1)
    finite = numbers.dtype.kind != "f" or bool(np.isfinite(numbers).all())
    if numbers.size != 1 or not finite or not int(numbers[0]):
        raise Unsupported(f"{numbers.tolist()} is not a number of elements to take")
    return int(numbers[0])


def taken(node: Node) -> int:
    """How many elements of each row a TopK takes: at most those there are."""
    k, size = abs(_count(node)), node.inputs[0].shape[-1]
    if node.attributes(TopKAttrs).kth_only and always(lambda: k > size):
        raise Unsupported(f"{size} elements have no {k}-th one")
    return sym_min(k, size)


@operator("TopK")
class TopK(Operator):
    """Inputs x (rows, n), k: the k smallest (-k largest) of each row with indices, or only the k-th (``kth_only``)."""

    Attributes = TopKAttrs
    operands = "any plain"
    limits = "constant k; more than there are take all"

    reads_values = (1,)

    span = staticmethod(_indices)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        extent = given.only()
        if not extent.axis:
            return given.all(extent)
        if node.attributes(TopKAttrs).kth_only:
            raise given.unserved("the k-th element of each row may not be there")
        return given.all(Extent(1, extent.size.up_to(taken(node))))

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        return _sorted(node, given, make, _count(node) < 0)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, k = node.inputs[0].type, taken(node)
        if x.rank != 2:
            raise Unsupported(f"data of rank {x.rank} has no rows to choose from")
        if node.attributes(TopKAttrs).kth_only:
            return [x.with_shape(x.shape[:1])]
        chosen = x.with_shape((x.shape[0], k))
        return [chosen, chosen.with_dtype(INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        k = _count(node)
        order = _order(inputs[0], k < 0)[:, : abs(k)]
        values = np.take_along_axis(inputs[0], order, -1)
        return [values[:, -1]] if node.attributes(TopKAttrs).kth_only else [values, order]
