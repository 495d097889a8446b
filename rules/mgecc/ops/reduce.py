"""Reductions over axes, and cumulative sums. Float sums are formed in double precision and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from mgecc.graph import DType, Node, TensorType, Unsupported
from mgecc.graph.sizes import equal, is_one
from mgecc.ops.counted import Extent, Extents, Given, Maker, highest, lowest, with_filled
from mgecc.ops.known import at_least_1d, axis_of, known_sizes
from mgecc.ops.quantize import dequantize, round_half_away, saturate
from mgecc.ops.registry import Operator, operator
from mgecc.ops.saturating import stored

NO_AXIS = 2147483647
_Reduction = Callable[[np.ndarray, tuple[int, ...]], np.ndarray]

_MODES: dict[str, _Reduction] = {
    "SUM": lambda x, axes: x.sum(axes, keepdims=True),
    "SUM_SQR": lambda x, axes: (x * x).sum(axes, keepdims=True),
    "PRODUCT": lambda x, axes: x.prod(axes, keepdims=True),
    "MIN": lambda x, axes: x.min(axes, keepdims=True),
    "MAX": lambda x, axes: x.max(axes, keepdims=True),
    "MEAN": lambda x, axes: x.mean(axes, keepdims=True),
}
_RESULTS = {"FLOAT_IO16xC32": "float16", "FLOAT_O16xC32": "float16", "FLOAT_O32xC32": "float32"}
_INTEGER_SUMS = ("QUINT_I8xO32", "QINT_I8xO32")


def target_shape(node: Node) -> tuple[int, ...] | None:
    """The shape the second input asks for, None when an axis is given."""
    if node.attrs.get("axis", NO_AXIS) != NO_AXIS:
        return None
    if len(node.inputs) < 2:
        raise Unsupported("the record names neither an axis nor a shape to reduce to")
    return at_least_1d(known_sizes(node, 1))


def reduced_axes(node: Node) -> tuple[int, ...]:
    """The axes that are reduced."""
    shape, target = node.inputs[0].shape, target_shape(node)
    if target is None:
        return (axis_of(int(node.attrs["axis"]), len(shape)),)
    padded = (1,) * (len(shape) - len(target)) + target
    axes = tuple(i for i, (n, t) in enumerate(zip(shape, padded)) if is_one(t) and not is_one(n))
    fits = len(padded) == len(shape) and all(is_one(t) or equal(t, n) for n, t in zip(shape, padded))
    if not fits:
        raise Unsupported(f"data of shape {list(shape)} cannot be reduced to {list(target)}")
    return axes


def _result_dtype(node: Node) -> DType:
    source, stated = node.inputs[0].type.dtype, node.attrs.get("data_type", "DEFAULT")
    if stated in _RESULTS:
        return DType(_RESULTS[stated])
    if stated in _INTEGER_SUMS:
        return DType("qint32", source.scale) if source.is_quantized else DType("int32")
    if source.name == "bool":
        return source
    return source


def _check(node: Node) -> None:
    mode, shape = node.attrs["mode"], node.inputs[0].shape
    if mode not in _MODES:
        raise Unsupported(f"the reduction {mode} is not known")
    if mode in ("MIN", "MAX", "MEAN") and any(shape[a] == 0 for a in reduced_axes(node)):
        raise Unsupported(f"{mode} of no elements does not exist")


_OF_NONE = {"MIN": highest, "MAX": lowest}
"""What extremes are where no element is chosen; MegEngine has none."""


def _of_none(node: Node, shape: tuple[int, ...], axes: tuple[int, ...]) -> np.ndarray:
    kept = [1 if axis in axes else n for axis, n in enumerate(shape)]
    number = _OF_NONE[node.attrs["mode"]](node.inputs[0].type.dtype)
    return np.full(target_shape(node) or kept, number, node.output.type.dtype.numpy)


def _quantized(node: Node, x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """MIN, MAX and MEAN act on stored numbers; sums of stored numbers are exact where the result is as wide."""
    mode, source, result = node.attrs["mode"], node.inputs[0].type.dtype, node.output.type.dtype
    if mode in ("MIN", "MAX"):
        return _MODES[mode](x, axes)
    if mode == "MEAN":
        return saturate(round_half_away(x.astype(np.float64).mean(axes, keepdims=True)), source)
    if mode == "SUM" and result.name == "qint32":
        return saturate((x.astype(np.int64) - source.zero_point).sum(axes, keepdims=True), result)
    return stored(_MODES[mode](dequantize(x, source).astype(np.float64), axes), result)


def _plain(node: Node, x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    mode, dtype = node.attrs["mode"], node.inputs[0].type.dtype
    if mode in ("MIN", "MAX"):
        return _MODES[mode](x, axes)
    if dtype.is_float:
        return _MODES[mode](x.astype(np.float64), axes)
    total = _MODES[mode](x.astype(np.int64), axes)
    return np.trunc(total).astype(np.int64)


def _mean(node: Node, extent: Extent, make: Maker) -> Node:
    """The sum of what is valid by the number of its elements."""
    x, axes = node.inputs[0], reduced_axes(node)
    others = prod(n for axis, n in enumerate(x.shape) if axis in axes and axis != extent.axis)
    total = make.node("Reduce", node.attrs | {"mode": "SUM"}, make.filled(x, extent, 0), *node.inputs[1:])
    attrs = {"dtype": node.output.type.dtype, "output_dtype": None}
    count = make.node("TypeCvt", attrs, make.count(extent.size * others))
    made = Node(
        "Elemwise", node.name, {"mode": "TRUE_DIV", "output_dtype": None}, [total, count], origin=node.origin
    )
    made.outputs = node.outputs
    node.output.producer = made
    return made


@operator("Reduce")
class Reduce(Operator):
    """SUM, SUM_SQR, PRODUCT, MIN, MAX, MEAN over 'axis', which stays with size 1, or down to a given shape."""

    operands = "any plain?"
    limits = (
        "SUM, SUM_SQR and PRODUCT of float32, float16, integers and bool; MEAN of floats and quantised "
        "numbers; MIN and MAX of both and integers"
    )

    reads_values = (1,)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        extent = given.only()
        if extent.axis in reduced_axes(node):
            if node.attrs["mode"] == "MEAN" and not node.inputs[0].type.dtype.is_float:
                raise given.unserved("means of integers are not served on such data")
            return given.all(None)
        if node.output.type.rank != node.inputs[0].type.rank:
            raise given.unserved("it is reduced to a shape of fewer axes")
        return given.all(extent)

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        (extent, *_), mode, dtype = given.extents, node.attrs["mode"], node.inputs[0].type.dtype
        if extent is None or extent.axis not in reduced_axes(node):
            return node
        if mode == "MEAN":
            return _mean(node, extent, make)
        number = {"MIN": highest(dtype), "MAX": lowest(dtype), "PRODUCT": 1}.get(mode, dtype.zero_point)
        return with_filled(node, given, make, {0: number}, extent.axis)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        _check(node)
        axes, target = reduced_axes(node), target_shape(node)
        shape = tuple(1 if i in axes else n for i, n in enumerate(node.inputs[0].shape))
        return [TensorType(target or shape, _result_dtype(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        axes, target = reduced_axes(node), target_shape(node)
        if node.attrs["mode"] in _OF_NONE and any(inputs[0].shape[axis] == 0 for axis in axes):
            return [_of_none(node, inputs[0].shape, axes)]
        with np.errstate(all="ignore"):
            reduction = _quantized if node.inputs[0].type.dtype.is_quantized else _plain
            result = reduction(node, inputs[0], axes)
            return [
                (result if target is None else result.reshape(target)).astype(node.output.type.dtype.numpy)
            ]


def _excluded(total: np.ndarray, axis: int) -> np.ndarray:
    """Sums without the own element: moved by one, zero first."""
    moved = np.roll(total, 1, axis)
    first = [slice(None)] * total.ndim
    first[axis] = slice(0, 1)
    moved[tuple(first)] = 0
    return moved


@operator("Cumsum")
class Cumsum(Operator):
    """Cumulative sums along 'axis'; 'exclusive' leaves out the own element, 'reverse' sums from the end."""

    operands = "number"
    limits = "one axis"

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        return given.all(given.only())

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        axis = axis_of(int(node.attrs["axis"]), node.inputs[0].type.rank)
        return with_filled(node, given, make, {0: 0}, axis) if node.attrs["reverse"] else node

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        axis_of(int(node.attrs["axis"]), x.rank)
        if x.dtype.is_quantized or x.dtype.name == "bool":
            raise Unsupported(f"cumulative sums of {x.dtype} data are not served")
        return [x]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        axis = axis_of(int(node.attrs["axis"]), inputs[0].ndim)
        x = np.flip(inputs[0], axis) if node.attrs["reverse"] else inputs[0]
        total = np.cumsum(x, axis, dtype=np.float64 if x.dtype.kind == "f" else np.int64)
        if node.attrs["exclusive"]:
            total = _excluded(total, axis)
        result = np.flip(total, axis) if node.attrs["reverse"] else total
        return [result.astype(inputs[0].dtype)]
