"""Convolution and ConvBias, and their relatives with weights or regions of their own; data is (n, c, h, w)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Annotated

import numpy as np

from mgecc.graph import DType, Node, TensorType, Unsupported
from mgecc.graph.attributes import POSITIVE
from mgecc.ops.activation import IDENTITY, Activation
from mgecc.ops.arithmetic import (
    Numbers,
    check_rescale,
    finish_node,
    output_type,
    stretches,
    wide_terms,
    widen,
)
from mgecc.ops.contraction import contract, convolve
from mgecc.ops.counted import item_by_item
from mgecc.ops.registry import Operator, find, operator
from mgecc.ops.rescale import Rescale
from mgecc.ops.window import Window, WindowAttrs, windows

Shape = tuple[int, ...]


@dataclass(frozen=True)
class FilterAttrs(WindowAttrs):
    """``output_dtype``: of the result, where it is not that of the sums.

    ``weights_f16``: constant float32 weights are halves, and stored as such. ``rescale``: how sums of quantised bytes
    become stored numbers, where not by the ratio of their scales.
    """

    output_dtype: DType | None = None
    weights_f16: bool = False
    rescale: Rescale | None = None


@dataclass(frozen=True)
class BatchConvBiasAttrs(FilterAttrs):
    """``activation``: of the sums with their terms."""

    activation: Activation = IDENTITY


@dataclass(frozen=True)
class ConvolutionAttrs(FilterAttrs):
    """``groups``: of channels, each convolved by itself; weights (o, i / groups, h, w) are those of all groups.

    ``wide_sums``: halves are added up in float32.
    """

    groups: Annotated[int, POSITIVE] = 1
    wide_sums: bool = False


@dataclass(frozen=True)
class ConvBiasAttrs(ConvolutionAttrs):
    """``activation``: of the sums with their terms."""

    activation: Activation = IDENTITY


@dataclass(frozen=True)
class Geometry:
    """A 2-D convolution in numbers: data (n, c, h, w), weights (g, o, i, h, w)."""

    x: Shape
    weights: Shape
    window: Window

    @property
    def output(self) -> Shape:
        """(n, channels, h, w) of the result."""
        return (self.x[0], self.weights[0] * self.weights[1], *self.window.output_size(self.x[2:]))

    @property
    def in_rows(self) -> Geometry:
        """The same sums over the same bytes, with signals along the height, (n, c, h, 1), as ones along the width."""
        window, shapes = self.window.in_rows(self.x[2:]), (self.x, self.weights)
        if self.window.is_flat(self.x[2:], 1):
            shapes = (self.x[:2] + self.x[:1:-1], self.weights[:3] + self.weights[:2:-1])
        return replace(self, x=shapes[0], weights=shapes[1], window=window)


def grouped(shape: Shape, groups: int) -> Shape:
    """The shape of weights of all groups, (groups, ...); Unsupported unless the groups divide their first axis."""
    if groups > 1 and shape[0] % groups:
        raise Unsupported(f"weights of shape {list(shape)} do not make up {groups} groups")
    return (groups, shape[0] // groups, *shape[1:]) if groups > 1 else (1, *shape)


def check_ranks(node: Node, rank: int) -> None:
    """Unsupported unless the first two operands have ``rank`` axes."""
    if any(v.type.rank != rank for v in node.inputs[:2]):
        shapes = " and ".join(str(list(v.shape)) for v in node.inputs[:2])
        raise Unsupported(f"operands of shapes {shapes} are no data and weights of {rank} axes")


def geometry(node: Node) -> Geometry:
    """Geometry of a convolution node with inputs x, w; Unsupported when shapes or groups do not fit."""
    attrs, (x, w) = node.attributes(ConvolutionAttrs), [v.shape for v in node.inputs[:2]]
    check_ranks(node, 4)
    weights = grouped(w, attrs.groups)
    check_channels(x[1], weights[0] * weights[2])
    return Geometry(x, weights, attrs.over(w[2:]))


def check_channels(data: int, weights: int) -> None:
    """Unsupported unless data and weights have as many input channels."""
    if data != weights:
        raise Unsupported(f"the data has {data} channels, the weights are for {weights}")


def widened(node: Node, shape: Shape, inputs: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """x, and weights of ``shape``, ready for summing products."""
    x, w = (widen(a, v.type.dtype) for a, v in zip(inputs[:2], node.inputs))
    return x, w.reshape(shape)


def present_terms(node: Node, inputs: Sequence[np.ndarray]) -> list[Numbers]:
    """Bias and residual; absent ones are stored as nothing or as an empty constant."""
    terms = [Numbers(a, v.type.dtype) for a, v in zip(inputs, node.inputs)]
    return [t for t in terms[2:] if t.stored.size]


def check_terms(node: Node, geo: Geometry) -> None:
    """Unsupported unless bias and residual stretch to the result."""
    check_rescale(node, geo.output[1])
    for value in node.inputs[2:]:
        if value.type.elements and not stretches(value.shape, geo.output):
            raise Unsupported(f"a term of shape {list(value.shape)} does not stretch to {list(geo.output)}")


class _Convolution(Operator):
    """What both have."""

    halves = "computed"
    narrowed = True
    weights = (1,)

    wide_inputs = staticmethod(wide_terms)
    counted = staticmethod(item_by_item)

    @staticmethod
    def macs(node: Node) -> int:
        return node.output.type.elements * prod(node.inputs[1].shape[1:])

    @staticmethod
    def by_channels(node: Node) -> bool:
        groups = node.attributes(ConvolutionAttrs).groups
        return 1 < groups == node.output.shape[1] == node.inputs[0].shape[1]

    @classmethod
    def window(cls, node: Node) -> Window | None:
        return geometry(node).window if node.inputs[1].is_const else None

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        geo = geometry(node)
        check_terms(node, geo)
        return [TensorType(geo.output, output_type(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        geo = geometry(node)
        total = convolve(*widened(node, geo.weights, inputs), geo.window)
        return [finish_node(node, total, present_terms(node, inputs))]


def is_convolution(node: Node | None) -> bool:
    """Whether the node is a 2-D convolution of data, with or without terms and activation."""
    return node is not None and issubclass(find(node.op), _Convolution)


@operator("ConvBias")
class ConvBias(_Convolution):
    """act(conv(x, w) + bias + z) with an optional bias and an optional residual z."""

    Attributes = ConvBiasAttrs
    operands = "number number number? number?"
    limits = (
        "stored layouts NCHW, NHWC and channel blocks; float bias and residual, or quantised ones "
        "constant per channel; SIGMOID of quantised results with terms in the unit of the sums"
    )


@operator("Convolution")
class Convolution(_Convolution):
    """ConvBias without terms and activation."""

    Attributes = ConvolutionAttrs
    operands = "number number"
    limits = "stored layouts NCHW, NHWC and channel blocks"


@operator("RegionRestrictedConvolution")
class RegionRestrictedConvolution(Operator):
    """A convolution whose taps count only where the input's region number (n, h, w) equals the output's."""

    Attributes = ConvolutionAttrs
    operands = "float float integer integer"
    limits = "float32 or float16, NCHW, constant weights; both region maps of one integer type"
    weights = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        geo = geometry(node)
        regions = [v.shape for v in node.inputs[2:4]]
        sizes = [(geo.x[0], *geo.x[2:]), (geo.x[0], *geo.output[2:])]
        if regions != sizes:
            raise Unsupported(f"region maps of shapes {regions} stand where {sizes} are needed")
        return [TensorType(geo.output, output_type(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        geo = geometry(node)
        x, weights = widened(node, geo.weights, inputs)
        inside, outside = (region[:, None] for region in inputs[2:4])
        same = windows(inside, geo.window) == outside[..., None, None]
        total = contract(windows(x, geo.window) * same, weights)
        return [finish_node(node, total, [])]


@operator("BatchConvBias")
class BatchConvBias(Operator):
    """ConvBias with weights of its own for each batch item: (n, o, i, h, w)."""

    Attributes = BatchConvBiasAttrs
    operands = "number number number? number?"
    limits = "quantised 8-bit data"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        geo = _batched(node)
        check_terms(node, geo)
        return [TensorType(geo.output, output_type(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        geo = _batched(node)
        x, weights = widened(node, node.inputs[1].shape, inputs)
        pairs = zip(x, weights)
        total = np.concatenate([convolve(item[None], own[None], geo.window) for item, own in pairs])
        return [finish_node(node, total, present_terms(node, inputs))]


def _batched(node: Node) -> Geometry:
    """Geometry of one batch item's convolution, for all of the batch."""
    x, w = (v.shape for v in node.inputs[:2])
    if (len(x), len(w)) != (4, 5):
        raise Unsupported(f"weights of shape {list(w)} are no weights for each item of {list(x)}")
    check_channels(x[1], w[2])
    if w[0] != x[0]:
        raise Unsupported(f"weights for {w[0]} batch items, the data has {x[0]}")
    return Geometry(x, (1, *w[1:]), node.attributes(BatchConvBiasAttrs).over(w[3:]))
