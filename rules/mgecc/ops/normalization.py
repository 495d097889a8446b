"""Normalisations: by stored statistics (BatchNorm), by those of the data, and across neighbouring channels (LRN)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.graph.types import FLOAT32
from mgecc.ops import layout
from mgecc.ops.arithmetic import stretches
from mgecc.ops.counted import Extent, Extents, Given, Maker, item_by_item, with_filled
from mgecc.ops.elementary import exp, power
from mgecc.ops.known import axis_of
from mgecc.ops.registry import Operator, operator

Shape = tuple[int, ...]


@operator("BatchNorm")
class BatchNorm(Operator):
    """Inputs x, scale, bias, mean, variance; results mean, 1 / deviation, nothing, y."""

    operands = "float float float float float"
    limits = "inference form only"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, *parameters = (v.type for v in node.inputs)
        if node.attrs.get("fwd_mode") != "INFERENCE":
            advice = "call model.eval() before tracing"
            raise Unsupported("batch normalisation was traced in training mode", advice)
        for parameter in parameters:
            if not stretches(parameter.shape, x.shape):
                shapes = f"{list(parameter.shape)} do not stretch to {list(x.shape)}"
                raise Unsupported(f"parameters of shape {shapes}")
        statistics = parameters[2].with_dtype(FLOAT32)
        return [statistics, statistics, TensorType((0,), x.dtype), x]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, scale, bias, mean, variance = (a.astype(np.float64) for a in inputs)
        factor = 1 / np.sqrt(variance + node.attrs["epsilon"])
        return [mean, factor, np.zeros(0), (x - mean) * factor * scale + bias]


def _standardized(x: np.ndarray, axes: Shape, eps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x - mean) / deviation over ``axes``, mean and 1 / deviation with these axes of size 1; biased variance."""
    wide = x.astype(np.float64)
    mean = wide.mean(axis=axes, keepdims=True)
    centred = wide - mean
    mean = mean + centred.mean(axis=axes, keepdims=True)  # NaN beside an infinity, as everything else
    factor = 1 / np.sqrt((centred * centred).mean(axis=axes, keepdims=True) + eps)
    return centred * factor, mean, factor


def _normalized_types(node: Node, statistics: Shape, parameters: Shape) -> list[TensorType]:
    x = node.inputs[0].type
    if len(node.inputs) != (3 if node.attrs["affine"] else 1):
        raise Unsupported(f"{len(node.inputs)} inputs do not fit affine = {node.attrs['affine']}")
    for value in node.inputs[1:]:
        if value.shape != parameters:
            raise Unsupported(f"parameters of shape {list(value.shape)}, {list(parameters)} are needed")
    return [x, TensorType(statistics, FLOAT32), TensorType(statistics, FLOAT32)]


def _infer_axes(node: Node, axes: Shape) -> list[TensorType]:
    shape = node.inputs[0].shape
    kept = tuple(n for axis, n in enumerate(shape) if axis not in axes)
    return _normalized_types(node, kept, tuple(shape[a] for a in axes))


def _evaluate_axes(node: Node, inputs: Sequence[np.ndarray], axes: Shape) -> list[np.ndarray]:
    y, mean, factor = _standardized(inputs[0], axes, node.attrs["eps"])
    if len(inputs) == 3:
        stretched = [n if axis in axes else 1 for axis, n in enumerate(y.shape)]
        y = y * inputs[1].reshape(stretched) + inputs[2].reshape(stretched)
    return [y, mean.squeeze(axes), factor.squeeze(axes)]


def _layer_axes(node: Node) -> Shape:
    rank, count = node.inputs[0].type.rank, int(node.attrs["normalized_dim"])
    if not 1 <= count <= rank:
        raise Unsupported(f"{count} axes of a value of rank {rank} cannot be normalised")
    return tuple(range(rank - count, rank))


def _general_axes(node: Node) -> Shape:
    rank = node.inputs[0].type.rank
    start, end = int(node.attrs["axis_start"]), int(node.attrs["axis_end"])
    if not 0 <= start < end <= rank:
        raise Unsupported(f"the axes {start} to {end} of a value of rank {rank} cannot be normalised")
    return tuple(range(start, end))


def _axes_operator(name: str, axes: Callable[[Node], Shape], meaning: str) -> None:
    """Define the operator that normalises over ``axes(node)``."""

    class Normalization(Operator):
        __doc__ = meaning
        operands = "float float? float?"
        limits = "float32 or float16; neighbouring axes; a factor and a term of one shape"

        @staticmethod
        def counted(node: Node, given: Given) -> Extents:
            extent = given.only()
            if extent.axis in axes(node):
                raise given.unserved("it is normalised along that axis")
            statistics = Extent(extent.axis - sum(a < extent.axis for a in axes(node)), extent.size)
            return [extent, statistics, statistics]

        @staticmethod
        def infer(node: Node) -> list[TensorType]:
            return _infer_axes(node, axes(node))

        @staticmethod
        def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
            return _evaluate_axes(node, inputs, axes(node))

    operator(name)(Normalization)


_axes_operator("LayerNorm", _layer_axes, "Over the last normalized_dim axes; results y, mean, 1 / deviation.")
_axes_operator("GeneralNorm", _general_axes, "Over axes axis_start to axis_end, the latter exclusive.")


def _group_shape(node: Node, groups: int) -> Shape:
    """Plain (n, groups, channels / groups, h, w) of the data."""
    x = node.inputs[0].shape
    n, channels, *size = layout.plain_shape(x, layout.word(node.attrs.get("format", "NCHW"), len(x)))
    if groups < 1 or channels % groups:
        raise Unsupported(f"{channels} channels cannot be normalised in {groups} groups")
    return (n, groups, channels // groups, *size)


def _infer_groups(node: Node, groups: int) -> list[TensorType]:
    n, groups, inner, *_ = _group_shape(node, groups)
    return _normalized_types(node, (n, groups), (groups * inner,))


def _evaluate_groups(node: Node, inputs: Sequence[np.ndarray], groups: int) -> list[np.ndarray]:
    data_format = node.attrs.get("format", "NCHW")
    plain = layout.to_plain(inputs[0], data_format)
    shape = (len(plain), *_group_shape(node, groups)[1:])
    y, mean, factor = _standardized(plain.reshape(shape), (2, 3, 4), node.attrs["eps"])
    y = y.reshape(plain.shape)
    if len(inputs) == 3:
        y = y * inputs[1].reshape(1, -1, 1, 1) + inputs[2].reshape(1, -1, 1, 1)
    y = layout.from_plain(y, data_format, layout.word(data_format, inputs[0].ndim))
    return [y, mean.squeeze((2, 3, 4)), 1 / factor.squeeze((2, 3, 4))]


@operator("GroupNorm")
class GroupNorm(Operator):
    """Over each of ``group`` groups of channels and the plane; results y, mean, deviation (n, group)."""

    operands = "float float? float?"
    limits = "float32 or float16, NCHW; inference form"

    counted = staticmethod(item_by_item)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer_groups(node, int(node.attrs["group"]))

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _evaluate_groups(node, inputs, int(node.attrs["group"]))


def _channels(node: Node) -> int:
    return _group_shape(node, 1)[2]


@operator("InstanceNorm")
class InstanceNorm(Operator):
    """Over the plane of each channel; results y, mean, deviation (n, c). The record's ``group`` is not used."""

    operands = "float float? float?"
    limits = "float32 or float16, NCHW; inference form"

    counted = staticmethod(item_by_item)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer_groups(node, _channels(node))

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _evaluate_groups(node, inputs, _channels(node))


@operator("LRN")
class LRN(Operator):
    """x (k + alpha * sum of x^2 over n channels around)^-beta; alpha is not divided by n."""

    operands = "float"
    limits = "float32 or float16, (n, c, h, w), an odd number of channels"

    counted = staticmethod(item_by_item)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        if node.inputs[0].type.rank != 4 or node.attrs["n"] % 2 == 0:
            raise Unsupported("LRN needs (n, c, h, w) and an odd number of channels")
        return [node.inputs[0].type]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, x = node.attrs, inputs[0].astype(np.float64)
        channels = x.shape[1]
        half = min(int(attrs["n"]) // 2, channels)
        around = np.pad(x * x, [(0, 0), (half, half), (0, 0), (0, 0)])
        squares = np.zeros(x.shape)
        for first in range(2 * half + 1):
            squares += around[:, first : first + channels]
        return [x * power(attrs["k"] + attrs["alpha"] * squares, -attrs["beta"])]


@operator("Softmax")
class Softmax(Operator):
    """Exponentials divided by their sum along one axis."""

    operands = "float"
    limits = "one axis"

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        return given.all(given.only())

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        return with_filled(
            node, given, make, {0: -np.inf}, axis_of(int(node.attrs["axis"]), node.inputs[0].type.rank)
        )

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, axis = node.inputs[0].type, node.attrs["axis"]
        if not -x.rank <= axis < x.rank:
            raise Unsupported(f"a value of rank {x.rank} has no axis {axis}")
        return [x]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [softmax(inputs[0].astype(np.float32), int(node.attrs["axis"]))]


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    """exp(x) / sum(exp(x)) along ``axis``, safe for large numbers."""
    powers = exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return powers / powers.sum(axis=axis, keepdims=True)
