"""Reductions over axes, and cumulative sums. Float sums are formed in double precision and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.graph.symbolic import at_max_sizes, equal, is_one
from mgecc.ops import shape_arithmetic
from mgecc.ops.counted import Extent, Extents, Given, Maker, highest, lowest, with_filled
from mgecc.ops.elemwise import ElemwiseAttrs
from mgecc.ops.known import at_least_1d, axis_of, known_sizes
from mgecc.ops.quantize import dequantize, round_half_away, saturate
from mgecc.ops.registry import Operator, operator
from mgecc.ops.saturating import stored
from mgecc.ops.spans import Span, largest, powers, sums
from mgecc.ops.type_cvt import TypeCvtAttrs

_Reduction = Callable[[np.ndarray, tuple[int, ...]], np.ndarray]

_MODES: dict[str, _Reduction] = {
    "sum": lambda x, axes: x.sum(axes, keepdims=True),
    "sum_squares": lambda x, axes: (x * x).sum(axes, keepdims=True),
    "product": lambda x, axes: x.prod(axes, keepdims=True),
    "min": lambda x, axes: x.min(axes, keepdims=True),
    "max": lambda x, axes: x.max(axes, keepdims=True),
    "mean": lambda x, axes: x.mean(axes, keepdims=True),
}

# Results that 32 bits may not hold, of so many integers.
_EXACT_SPANS: dict[str, Callable[[Span, int], Span]] = {
    "sum": sums,
    "sum_squares": lambda x, count: (0, count * largest(x) ** 2),
    "product": powers,
}


@dataclass(frozen=True)
class ReduceAttrs(Attributes):
    """Over ``axis``, negative ones counted from the last; None: down to the shape that the second operand holds.

    ``output_dtype``: of the result, where it is not that of the data.
    """

    mode: Literal["sum", "sum_squares", "product", "min", "max", "mean"]
    axis: int | None = None
    output_dtype: DType | None = None


def target_shape(node: Node) -> tuple[int, ...] | None:
    """The shape the second input asks for, None when an axis is given."""
    if node.attributes(ReduceAttrs).axis is not None:
        return None
    if len(node.inputs) < 2:
        raise Unsupported("there is neither an axis nor a shape to reduce to")
    return at_least_1d(known_sizes(node, 1))


def reduced_axes(node: Node) -> tuple[int, ...]:
    """The axes that are reduced."""
    shape, target = node.inputs[0].shape, target_shape(node)
    axis = node.attributes(ReduceAttrs).axis
    if axis is not None:
        return (axis_of(axis, len(shape)),)
    assert target is not None
    padded = (1,) * (len(shape) - len(target)) + target
    axes = tuple(i for i, (n, t) in enumerate(zip(shape, padded)) if is_one(t) and not is_one(n))
    fits = len(padded) == len(shape) and all(is_one(t) or equal(t, n) for n, t in zip(shape, padded))
    if not fits:
        raise Unsupported(f"data of shape {list(shape)} cannot be reduced to {list(target)}")
    return axes


def _mode(node: Node) -> str:
    return node.attributes(ReduceAttrs).mode


def _check(node: Node) -> None:
    mode, shape = _mode(node), node.inputs[0].shape
    if mode in ("min", "max", "mean") and any(shape[a] == 0 for a in reduced_axes(node)):
        raise Unsupported(f"the {mode} of no elements does not exist")


_OF_NONE = {"min": highest, "max": lowest}
"""What extremes are where no element is chosen; MegEngine has none."""


def _of_none(node: Node, shape: tuple[int, ...], axes: tuple[int, ...]) -> np.ndarray:
    kept = [1 if axis in axes else n for axis, n in enumerate(shape)]
    number = _OF_NONE[_mode(node)](node.inputs[0].type.dtype)
    return np.full(target_shape(node) or kept, number, node.output.type.dtype.numpy)


def _quantized(node: Node, x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Extremes and means act on stored numbers; sums of stored numbers are exact where the result is as wide."""
    mode, source, result = _mode(node), node.inputs[0].type.dtype, node.output.type.dtype
    if mode in ("min", "max"):
        return _MODES[mode](x, axes)
    if mode == "mean":
        return saturate(round_half_away(x.astype(np.float64).mean(axes, keepdims=True)), source)
    if mode == "sum" and result.name == "qint32":
        return saturate((x.astype(np.int64) - source.zero_point).sum(axes, keepdims=True), result)
    return stored(_MODES[mode](dequantize(x, source).astype(np.float64), axes), result)


def _plain(node: Node, x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    mode, dtype = _mode(node), node.inputs[0].type.dtype
    if mode in ("min", "max"):
        return _MODES[mode](x, axes)
    if dtype.is_float:
        return _MODES[mode](x.astype(np.float64), axes)
    total = _MODES[mode](x.astype(np.int64), axes)
    return np.trunc(total).astype(np.int64)


def _mean(node: Node, extent: Extent, make: Maker) -> Node:
    """The sum of what is valid by the number of its elements."""
    x, axes = node.inputs[0], reduced_axes(node)
    others = prod(n for axis, n in enumerate(x.shape) if axis in axes and axis != extent.axis)
    total = make.node(
        "Reduce",
        replace(node.attributes(ReduceAttrs), mode="sum"),
        make.filled(x, extent, 0),
        *node.inputs[1:],
    )
    count = make.node("TypeCvt", TypeCvtAttrs(node.output.type.dtype), make.count(extent.size * others))
    made = Node("Elemwise", node.name, ElemwiseAttrs("true_div"), [total, count], origin=node.origin)
    made.outputs = node.outputs
    node.output.producer = made
    return made


@operator("Reduce")
class Reduce(Operator):
    """Sum, product, extreme or mean over ``axis``, which stays with size 1, or down to a given shape."""

    Attributes = ReduceAttrs
    operands = "any plain?"
    limits = (
        "sum, sum_squares and product of float32, float16, integers and bool; mean of floats and quantised "
        "numbers; min and max of both and integers"
    )

    narrowed = True

    reads_values = (1,)

    @staticmethod
    def exact_span(node: Node, spans: Sequence[Span]) -> Span | None:
        x, y = (at_max_sizes(v.type.elements) for v in (node.inputs[0], node.output))
        rule = _EXACT_SPANS.get(node.attributes(ReduceAttrs).mode)
        return rule(spans[0], x // max(1, y)) if rule is not None else None

    @classmethod
    def of_sizes(cls, node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return shape_arithmetic.reduced(_mode(node), inputs[0], node.attributes(ReduceAttrs).axis)

    @staticmethod
    def selects(node: Node) -> bool:
        return _mode(node) in ("min", "max")

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        extent = given.only()
        if extent.axis in reduced_axes(node):
            if _mode(node) == "mean" and not node.inputs[0].type.dtype.is_float:
                raise given.unserved("means of integers are not served on such data")
            return given.all(None)
        if node.output.type.rank != node.inputs[0].type.rank:
            raise given.unserved("it is reduced to a shape of fewer axes")
        return given.all(extent)

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        (extent, *_), mode, dtype = given.extents, _mode(node), node.inputs[0].type.dtype
        if extent is None or extent.axis not in reduced_axes(node):
            return node
        if mode == "mean":
            return _mean(node, extent, make)
        number = {"min": highest(dtype), "max": lowest(dtype), "product": 1}.get(mode, dtype.zero_point)
        return with_filled(node, given, make, {0: number}, extent.axis)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        _check(node)
        x, axes = node.inputs[0].type, reduced_axes(node)
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        dtype = node.attributes(ReduceAttrs).output_dtype or x.dtype
        return [TensorType(target_shape(node) or shape, dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        axes, target = reduced_axes(node), target_shape(node)
        if _mode(node) in _OF_NONE and any(inputs[0].shape[axis] == 0 for axis in axes):
            return [_of_none(node, inputs[0].shape, axes)]
        with np.errstate(all="ignore"):
            reduction = _quantized if node.inputs[0].type.dtype.is_quantized else _plain
            result = reduction(node, inputs[0], axes)
            return [
                (result if target is None else result.reshape(target)).astype(node.output.type.dtype.numpy)
            ]
