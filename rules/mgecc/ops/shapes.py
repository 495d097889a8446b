"""Operators that change the shape and leave the numbers alone: reshapes, transposes, broadcasts, shapes as values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, Node, Range, TensorType, Unsupported, Value
from mgecc.graph.symbolic import always, equal, has_sizes, is_one, whole
from mgecc.graph.types import INT32
from mgecc.ops.counted import (
    ADVICE,
    Extent,
    Extents,
    Given,
    Maker,
    aligned,
    turned,
    turned_to,
)
from mgecc.ops.counts import Count
from mgecc.ops.elemwise import mode_of
from mgecc.ops.known import (
    MAX_RANK,
    at_least_1d,
    axis_of,
    broadcast_shape,
    keeps_type,
    known,
    known_sizes,
)
from mgecc.ops.registry import Operator, evaluate, operator
from mgecc.ops.shape_of import shape_asked
from mgecc.ops.spans import Span, span_of

_GROWING = ("add", "mul", "min", "max")
"""Modes whose results are largest for the largest sizes."""
PUT_TOGETHER = ("Concat", "Subtensor")
"""Operators that make shapes of the numbers of others."""
_STATED = (
    "the model states this shape as numbers, which fit the file's own input shapes: dump it with -1 for the axis "
    "that varies, or with sizes taken from the input's shape"
)


@dataclass(frozen=True)
class ReshapeAttrs(Attributes):
    """``axis``: the element of the shape that is computed from the rest; None: the one that is -1, if any."""

    axis: Annotated[int, Range(0, MAX_RANK - 1)] | None = None


def _reshaped(target: Iterable[int], axis: int | None, elements: int) -> tuple[int, ...]:
    """The shape asked for, its element ``axis``, or a -1, computed from the rest."""
    shape = [whole(n) for n in target]
    free = [i for i, n in enumerate(shape) if n < 0]
    if axis is not None and axis < len(shape):
        free = [axis]
    rest = prod(n for i, n in enumerate(shape) if i not in free)
    if len(free) == 1 and always(lambda: rest > 0):
        shape[free[0]] = elements // rest
    if len(free) > 1 or len(shape) > MAX_RANK or not _is_shape_of(shape, elements):
        why = f"{elements} elements cannot have the shape {[whole(n) for n in target]}"
        raise Unsupported(why, _STATED)
    return at_least_1d(shape)


def _is_shape_of(shape: Sequence[int], elements: int) -> bool:
    return all(n >= 0 for n in shape) and equal(prod(shape), elements)


def _free_axis(node: Node) -> int | None:
    return node.attributes(ReshapeAttrs).axis


def _shorter(node: Node, x: np.ndarray) -> tuple[int, ...]:
    """The shape of the result where the data is shorter than its bound along one axis."""
    bound, shape = node.inputs[0].shape, list(node.output.shape)
    for axis, (n, most) in enumerate(zip(x.shape, bound)):
        extent = turned(Extent(axis, Count(n)), bound, node.output.shape) if n != most else None
        if extent is not None:
            shape[extent.axis] = extent.size.rest
    return tuple(shape)


def _extent(node: Node, given: Given) -> Extent | None:
    """The extent of data that is given another shape: along the axis whose size is not stated, or is a count."""
    extent, numbers = given.extents[0], given.numbers[1] or []
    varying = [axis for axis, n in enumerate(numbers) if isinstance(n, Count)]
    if extent is None and varying:
        raise Unsupported("a count is in its shape, while its data is of fixed size", ADVICE)
    if len(varying) > 1:
        raise Unsupported("of a shape made of counts, only one number may vary", ADVICE)
    if extent is None:
        return None
    found = _turned(node, extent, varying or _free_axes(node, numbers))
    if found is not None and varying and found.size != numbers[varying[0]]:
        raise Unsupported("the count in its shape is not that of its data", ADVICE)
    return found


def _free_axes(node: Node, numbers: Sequence[int | Count]) -> list[int]:
    """Axes whose size is not stated, but follows from the rest."""
    return [axis for axis, n in enumerate(numbers) if axis == _free_axis(node) or n == -1]


def _turned(node: Node, extent: Extent, axes: list[int]) -> Extent | None:
    """The extent in the other shape: along one of ``axes`` where there are some."""
    before, after = node.inputs[0].shape, node.output.shape
    return turned_to(extent, before, after, *axes) if axes else turned(extent, before, after)


def _fixed_shape(node: Node, make: Maker) -> Node:
    """The node with the largest shape in the place of one that is made of counts."""
    if node.inputs[1].const is None:
        node.inputs = [node.inputs[0], make.constant(np.array(node.output.shape), INT32)]
    return node


def _bound(shape: Value) -> tuple[int, ...] | None:
    """The largest numbers that a shape can have which is put together of shapes of data and of constants."""
    node = shape.producer
    if shape.const is not None:
        return tuple(whole(n) for n in shape.const.reshape(-1))
    if node is None or node.op not in (*PUT_TOGETHER, "GetVarShape", "Elemwise"):
        return None
    if node.op == "GetVarShape":
        return shape_asked(node, [v.shape for v in node.inputs])
    if node.op == "Elemwise" and mode_of(node) not in _GROWING:
        return None
    parts = [_bound(v) for v in node.inputs]
    known_parts = [np.array(part) for part in parts if part is not None]
    if len(known_parts) < len(parts):
        return None
    return tuple(whole(n) for n in evaluate(node, known_parts)[0])


@operator("Reshape")
class Reshape(Operator):
    """Inputs x, shape; 'axis' names the element of the shape that is computed from the rest."""

    Attributes = ReshapeAttrs
    operands = "any plain"
    limits = "shape known at compile time, or made of the shape of data of varying size"
    halves = "stored"
    narrowed = True
    moves = True
    reshapes = True

    reads_values = (1,)
    is_identity = staticmethod(keeps_type)

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        return span_of(node.inputs[0], depth)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        if any(given.extents[1:]):
            raise given.unserved()
        found = _extent(node, given)
        if found is None and given.any:
            raise given.unserved(f"{node.output.type} has no axis along which the valid part comes first")
        return [found]

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        return _fixed_shape(node, make)

    @staticmethod
    def bound(node: Node) -> tuple[int, ...] | None:
        """The shape at the data's largest size, where it is made of the shape of data of varying size."""
        return _bound(node.inputs[1]) if node.inputs[1].const is None else None

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, bound = node.inputs[0].type, Reshape.bound(node)
        return [
            x.with_shape(_reshaped(known(node, 1) if bound is None else bound, _free_axis(node), x.elements))
        ]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, stated = inputs[0], node.inputs[1].is_const and _free_axis(node) is None
        if stated and not has_sizes(node.inputs[0].shape) and x.shape != node.inputs[0].shape:
            return [x.reshape(_shorter(node, x))]
        return [x.reshape(_reshaped(inputs[1].reshape(-1), _free_axis(node), x.size))]


def stretched_axis(node: Node, axis: int) -> int:
    """The size of data along what becomes ``axis`` of the result."""
    x = node.inputs[0].shape
    own = axis - (node.output.type.rank - len(x))
    return x[own] if own >= 0 else 1


@operator("Broadcast")
class Broadcast(Operator):
    """Inputs x, shape; NumPy's rules."""

    operands = "any plain"
    limits = "shape known at compile time, or made of the shape of data of varying size"
    halves = "stored"
    narrowed = True
    moves = True

    is_identity = staticmethod(keeps_type)
    reads_values = (1,)

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        return span_of(node.inputs[0], depth)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        rank, numbers = node.output.type.rank, given.numbers[1] or []
        varying = [Extent(axis, n) for axis, n in enumerate(numbers) if isinstance(n, Count)]
        if not given.any and not varying:
            return [None]
        if len(varying) > 1:
            raise Unsupported("of a shape made of counts, only one number may vary", ADVICE)
        own = aligned([node.inputs[0].type], given.extents[:1], rank)
        stretched = own is None and varying and is_one(stretched_axis(node, varying[0].axis))
        if any(given.extents[1:]) or not (stretched or [own] == varying):
            raise Unsupported("the count in its shape is not that of its data", ADVICE)
        return [*varying]

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        return _fixed_shape(node, make)

    @staticmethod
    def bound(node: Node) -> tuple[int, ...] | None:
        """The largest shape to which data is stretched, where that is made of the shape of data of varying size."""
        return _bound(node.inputs[1]) if node.inputs[1].const is None else None

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        target = Broadcast.bound(node) or at_least_1d(known_sizes(node, 1))
        x = node.inputs[0].type
        if not always(lambda: broadcast_shape([x.shape, target]) == target):
            raise Unsupported(f"data of shape {list(x.shape)} cannot be stretched to {list(target)}")
        return [x.with_shape(target)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.broadcast_to(inputs[0], at_least_1d(inputs[1].reshape(-1)))]


def _transposed(shape: tuple[int, ...], pattern: Sequence[int]) -> tuple[int, ...]:
    """Shape after a Dimshuffle; Unsupported if an axis is used twice or one larger than 1 vanishes."""
    used = [axis_of(p, len(shape)) for p in pattern if p >= 0]
    lost = [i for i, n in enumerate(shape) if i not in used and not is_one(n)]
    if len(set(used)) != len(used) or lost or len(pattern) > MAX_RANK:
        raise Unsupported(f"the pattern {list(pattern)} does not fit data of shape {list(shape)}")
    return at_least_1d([1 if p < 0 else shape[p] for p in pattern])


@dataclass(frozen=True)
class DimshuffleAttrs(Attributes):
    """``pattern``: the input's axis that becomes each axis of the result, -1 a new one of size 1."""

    pattern: tuple[int, ...]


def pattern_of(node: Node) -> tuple[int, ...]:
    return node.attributes(DimshuffleAttrs).pattern


@operator("Dimshuffle")
class Dimshuffle(Operator):
    """Axis k of the result is input axis 'pattern'[k], or new with size 1 where that is -1."""

    Attributes = DimshuffleAttrs
    operands = "any"
    limits = "up to seven axes"
    halves = "stored"
    narrowed = True
    moves = True

    @staticmethod
    def is_identity(node: Node) -> bool:
        return keeps_type(node) and list(pattern_of(node)) == sorted(pattern_of(node))

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        return span_of(node.inputs[0], depth)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        extent = given.only()
        return [Extent(pattern_of(node).index(extent.axis), extent.size)]

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        return [x.with_shape(_transposed(x.shape, pattern_of(node)))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, pattern = inputs[0], pattern_of(node)
        used = [p for p in pattern if p >= 0]
        gone = [i for i in range(x.ndim) if i not in used]
        return [x.transpose(used + gone).reshape(_transposed(x.shape, pattern))]


@dataclass(frozen=True)
class AxisAddRemoveAttrs(Attributes):
    """``steps``: ('add' or 'remove', axis), one after another, each in the shape that the last one left."""

    steps: tuple[tuple[str, int], ...]


def _after_axes(shape: tuple[int, ...], node: Node) -> tuple[int, ...]:
    """Shape after adding and removing axes one after another."""
    sizes = list(shape)
    for method, axis in node.attributes(AxisAddRemoveAttrs).steps:
        if method == "add":
            sizes.insert(axis_of(axis, len(sizes) + 1), 1)
            continue
        at = axis_of(axis, len(sizes))
        if not is_one(sizes[at]):
            raise Unsupported(f"axis {axis} of size {sizes[at]} cannot be removed")
        if len(sizes) > 1:
            del sizes[at]
    if len(sizes) > MAX_RANK:
        raise Unsupported(f"data of rank {len(sizes)} does not exist")
    return tuple(sizes)


@operator("AxisAddRemove")
class AxisAddRemove(Operator):
    """Applies 'steps', pairs ('add' or 'remove', axis), one after another; (1,) keeps its axis."""

    Attributes = AxisAddRemoveAttrs
    operands = "any"
    limits = "axes known at compile time"
    halves = "stored"
    narrowed = True
    moves = True
    reshapes = True

    is_identity = staticmethod(keeps_type)

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        return span_of(node.inputs[0], depth)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        found = turned(given.only(), node.inputs[0].shape, node.output.shape)
        if found is None:
            raise given.unserved()
        return [found]

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        return [x.with_shape(_after_axes(x.shape, node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [inputs[0].reshape(_after_axes(inputs[0].shape, node))]
