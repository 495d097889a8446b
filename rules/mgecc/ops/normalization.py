"""Normalisations: by stored statistics (BatchNorm), by those of the data, and across neighbouring channels (LRN)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.graph.attributes import FINITE, NATURAL, NOT_NEGATIVE, POSITIVE
from mgecc.graph.types import FLOAT32
from mgecc.ops.arithmetic import stretches
from mgecc.ops.counted import Extent, Extents, Given, Maker, item_by_item, with_filled
from mgecc.ops.elementary import exp, power
from mgecc.ops.known import axis_of
from mgecc.ops.registry import Operator, operator

Shape = tuple[int, ...]


@dataclass(frozen=True)
class NormAttrs(Attributes):
    """``epsilon``: added to the variance."""

    epsilon: Annotated[float, NOT_NEGATIVE]


@dataclass(frozen=True)
class GroupNormAttrs(NormAttrs):
    """``groups``: of equally many channels."""

    groups: Annotated[int, POSITIVE]


@dataclass(frozen=True)
class AxesNormAttrs(NormAttrs):
    """What says which neighbouring axes are normalised together."""

    def axes(self, rank: int) -> Shape:
        """The axes of a value of this rank; Unsupported if it has them not."""
        raise NotImplementedError


@dataclass(frozen=True)
class LayerNormAttrs(AxesNormAttrs):
    """``last_axes``: how many are normalised together."""

    last_axes: Annotated[int, POSITIVE]

    def axes(self, rank: int) -> Shape:
        if self.last_axes > rank:
            raise Unsupported(f"{self.last_axes} axes of a value of rank {rank} cannot be normalised")
        return tuple(range(rank - self.last_axes, rank))


@dataclass(frozen=True)
class GeneralNormAttrs(AxesNormAttrs):
    """From axis ``first`` to before ``end`` all are normalised together."""

    first: Annotated[int, NATURAL]
    end: Annotated[int, POSITIVE]

    def axes(self, rank: int) -> Shape:
        if not self.first < self.end <= rank:
            why = f"the axes {self.first} to {self.end} of a value of rank {rank} cannot be normalised"
            raise Unsupported(why)
        return tuple(range(self.first, self.end))


@dataclass(frozen=True)
class LRNAttrs(Attributes):
    """``size``: how many neighbouring channels count, an odd number; the others as in the formula."""

    size: Annotated[int, POSITIVE]
    bias: Annotated[float, FINITE]
    alpha: Annotated[float, FINITE]
    beta: Annotated[float, FINITE]


@dataclass(frozen=True)
class SoftmaxAttrs(Attributes):
    """``axis``: along which the results sum to 1; negative ones count from the last."""

    axis: int = -1


@operator("BatchNorm")
class BatchNorm(Operator):
    """Inputs x, scale, bias, mean, variance; results mean, 1 / deviation, nothing, y."""

    Attributes = NormAttrs
    operands = "float float float float float"
    limits = "inference form only"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, *parameters = (v.type for v in node.inputs)
        for parameter in parameters:
            if not stretches(parameter.shape, x.shape):
                shapes = f"{list(parameter.shape)} do not stretch to {list(x.shape)}"
                raise Unsupported(f"parameters of shape {shapes}")
        statistics = parameters[2].with_dtype(FLOAT32)
        return [statistics, statistics, TensorType((0,), x.dtype), x]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, scale, bias, mean, variance = (a.astype(np.float64) for a in inputs)
        factor = 1 / np.sqrt(variance + node.attributes(NormAttrs).epsilon)
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
    if len(node.inputs) == 2:
        raise Unsupported("a factor stands without a term")
    for value in node.inputs[1:]:
        if value.shape != parameters:
            raise Unsupported(f"parameters of shape {list(value.shape)}, {list(parameters)} are needed")
    return [x, TensorType(statistics, FLOAT32), TensorType(statistics, FLOAT32)]


def _infer_axes(node: Node, axes: Shape) -> list[TensorType]:
    shape = node.inputs[0].shape
    kept = tuple(n for axis, n in enumerate(shape) if axis not in axes)
    return _normalized_types(node, kept, tuple(shape[a] for a in axes))


def _evaluate_axes(node: Node, inputs: Sequence[np.ndarray], axes: Shape) -> list[np.ndarray]:
    y, mean, factor = _standardized(inputs[0], axes, node.attributes(NormAttrs).epsilon)
    if len(inputs) == 3:
        stretched = [n if axis in axes else 1 for axis, n in enumerate(y.shape)]
        y = y * inputs[1].reshape(stretched) + inputs[2].reshape(stretched)
    return [y, mean.squeeze(axes), factor.squeeze(axes)]


def _axes(node: Node) -> Shape:
    return node.attributes(AxesNormAttrs).axes(node.inputs[0].type.rank)


class _OverAxes(Operator):
    """What normalisations over neighbouring axes have."""

    operands = "float float? float?"
    limits = "float32 or float16; neighbouring axes; a factor and a term of one shape"

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        extent, axes = given.only(), _axes(node)
        if extent.axis in axes:
            raise given.unserved("it is normalised along that axis")
        statistics = Extent(extent.axis - sum(a < extent.axis for a in axes), extent.size)
        return [extent, statistics, statistics]

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer_axes(node, _axes(node))

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _evaluate_axes(node, inputs, _axes(node))


@operator("LayerNorm")
class LayerNorm(_OverAxes):
    """Over the last axes; results y, mean, 1 / deviation."""

    Attributes = LayerNormAttrs


@operator("GeneralNorm")
class GeneralNorm(_OverAxes):
    """Over axes from ``first`` to before ``end``; results y, mean, 1 / deviation."""

    Attributes = GeneralNormAttrs


class _OverGroups(Operator):
    """What normalisations over groups of whole channels have; results y, mean, deviation (n, groups)."""

    operands = "float float? float?"
    limits = "float32 or float16, (n, c, h, w); inference form"

    counted = staticmethod(item_by_item)

    @staticmethod
    def groups(node: Node) -> int:
        raise NotImplementedError

    @classmethod
    def infer(cls, node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        if x.rank != 4:
            raise Unsupported(f"{x} are no images (n, c, h, w)")
        (n, channels, *_), groups = x.shape, cls.groups(node)
        if channels % groups:
            raise Unsupported(f"{channels} channels cannot be normalised in {groups} groups")
        return _normalized_types(node, (n, groups), (channels,))

    @classmethod
    def evaluate(cls, node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, groups = inputs[0], cls.groups(node)
        split = x.reshape(len(x), groups, x.shape[1] // groups, *x.shape[2:])
        y, mean, factor = _standardized(split, (2, 3, 4), node.attributes(NormAttrs).epsilon)
        y = y.reshape(x.shape)
        if len(inputs) == 3:
            y = y * inputs[1].reshape(1, -1, 1, 1) + inputs[2].reshape(1, -1, 1, 1)
        return [y, mean.squeeze((2, 3, 4)), 1 / factor.squeeze((2, 3, 4))]


@operator("GroupNorm")
class GroupNorm(_OverGroups):
    """Over each of ``groups`` groups of channels and the plane; results y, mean, deviation (n, groups)."""

    Attributes = GroupNormAttrs

    @staticmethod
    def groups(node: Node) -> int:
        return node.attributes(GroupNormAttrs).groups


@operator("InstanceNorm")
class InstanceNorm(_OverGroups):
    """Over the plane of each channel; results y, mean, deviation (n, c)."""

    Attributes = NormAttrs

    @staticmethod
    def groups(node: Node) -> int:
        return node.inputs[0].shape[1]


@operator("LRN")
class LRN(Operator):
    """x (bias + alpha * sum of x^2 over ``size`` channels around)^-beta; alpha is not divided by size."""

    Attributes = LRNAttrs
    operands = "float"
    limits = "float32 or float16, (n, c, h, w), an odd number of channels"

    counted = staticmethod(item_by_item)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        if node.inputs[0].type.rank != 4 or node.attributes(LRNAttrs).size % 2 == 0:
            raise Unsupported("LRN needs (n, c, h, w) and an odd number of channels")
        return [node.inputs[0].type]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, x = node.attributes(LRNAttrs), inputs[0].astype(np.float64)
        channels = x.shape[1]
        half = min(attrs.size // 2, channels)
        around = np.pad(x * x, [(0, 0), (half, half), (0, 0), (0, 0)])
        squares = np.zeros(x.shape)
        for first in range(2 * half + 1):
            squares += around[:, first : first + channels]
        return [x * power(attrs.bias + attrs.alpha * squares, -attrs.beta)]


@operator("Softmax")
class Softmax(Operator):
    """Exponentials divided by their sum along one axis."""

    Attributes = SoftmaxAttrs
    operands = "float"
    limits = "one axis"
    narrowed = True

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        return given.all(given.only())

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        axis = axis_of(node.attributes(SoftmaxAttrs).axis, node.inputs[0].type.rank)
        return with_filled(node, given, make, {0: -np.inf}, axis)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, axis = node.inputs[0].type, node.attributes(SoftmaxAttrs).axis
        if not -x.rank <= axis < x.rank:
            raise Unsupported(f"a value of rank {x.rank} has no axis {axis}")
        return [x]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [softmax(inputs[0].astype(np.float32), node.attributes(SoftmaxAttrs).axis)]


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    """exp(x) / sum(exp(x)) along ``axis``, safe for large numbers."""
    powers = exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True))
