"""Convolution and ConvBias in every stored layout, and their relatives with weights or regions of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops import layout
from mgecc.ops.arithmetic import Numbers, finish_node, output_type, stretches, widen
from mgecc.ops.contraction import contract, convolve, flipped
from mgecc.ops.counted import item_by_item
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import Window, window_of, windows

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Geometry:
    """A 2-D convolution in plain terms, and how its operands are stored."""

    x: Shape
    weights: Shape
    window: Window
    words: tuple[str, str, str]
    block: int

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

    @property
    def stored_output(self) -> Shape:
        return layout.stored_shape(self.output, self.words[2], self.block)


def geometry(node: Node) -> Geometry:
    """Geometry of a convolution node with inputs x, w; Unsupported when shapes, layout or groups do not fit."""
    attrs, (x, w) = node.attrs, [v.shape for v in node.inputs[:2]]
    sparse, data_format = attrs.get("sparse", "DENSE"), attrs.get("format", "NCHW")
    x_word = layout.word(data_format, len(x))
    w_word = layout.weights_word(data_format, sparse, len(w))
    words = (x_word, w_word, layout.output_word(data_format, len(x), w_word))
    plain_w = layout.plain_shape(w, w_word, "goihw")
    plain_x = layout.plain_shape(x, x_word)
    check_operands(attrs, plain_x[1], plain_w[0] * plain_w[2])
    return Geometry(plain_x, plain_w, window_of(attrs, plain_w[3:]), words, layout.BLOCKS[data_format])


def check_operands(attrs: dict[str, Any], data: int, weights: int) -> None:
    """Unsupported for unknown modes, and unless data and weights have as many input channels."""
    if attrs.get("mode", "CROSS_CORRELATION") not in ("CONVOLUTION", "CROSS_CORRELATION"):
        raise Unsupported(f"the convolution mode {attrs['mode']} is not known")
    if attrs.get("sparse", "DENSE") not in ("DENSE", "GROUP"):
        raise Unsupported(f"weights of the kind {attrs['sparse']} are not known")
    if data != weights:
        raise Unsupported(f"the data has {data} channels, the weights are for {weights}")


def plain_operands(node: Node, geo: Geometry, inputs: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """x (n, c, h, w) and weights (g, o, i, h, w) ready for summing products."""
    x, w = (widen(a, v.type.dtype) for a, v in zip(inputs[:2], node.inputs))
    weights = layout.unpack(w, geo.words[1], "goihw")
    return layout.unpack(x, geo.words[0]), flipped(weights, node.attrs.get("mode", "CROSS_CORRELATION"), 2)


def plain_terms(node: Node, inputs: Sequence[np.ndarray]) -> list[Numbers]:
    """Bias and residual in plain layout; absent ones are stored as nothing or as an empty constant."""
    data_format = node.attrs.get("format", "NCHW")
    terms = [Numbers(a, v.type.dtype) for a, v in zip(inputs, node.inputs)]
    return [Numbers(layout.to_plain(t.stored, data_format), t.dtype) for t in terms[2:] if t.stored.size]


def check_terms(node: Node, geo: Geometry) -> None:
    """Unsupported unless bias and residual stretch to the result."""
    for value in node.inputs[2:]:
        if not value.type.elements:
            continue
        shape = layout.plain_shape(
            value.shape, layout.word(node.attrs.get("format", "NCHW"), len(value.shape))
        )
        if not stretches(shape, geo.output):
            raise Unsupported(f"a term of shape {list(value.shape)} does not stretch to {list(geo.output)}")


@operator("ConvBias")
class ConvBias(Operator):
    """act(conv(x, w) + bias + z) with an optional bias and an optional residual z."""

    operands = "number number number? number?"
    limits = (
        "stored layouts NCHW, NHWC and channel blocks; float bias and residual, or quantised ones "
        "constant per channel; SIGMOID of quantised results with terms in the unit of the sums"
    )
    halves = "computed"
    weights = (1,)

    counted = staticmethod(item_by_item)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        geo = geometry(node)
        check_terms(node, geo)
        return [TensorType(geo.stored_output, output_type(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        geo = geometry(node)
        total = convolve(*plain_operands(node, geo, inputs), geo.window)
        result = finish_node(node, total, plain_terms(node, inputs))
        return [layout.pack(result, geo.words[2], geo.block)]


@operator("Convolution")
class Convolution(ConvBias):
    """ConvBias without terms and activation."""

    operands = "number number"
    limits = (
        "stored layouts NCHW, NHWC and channel blocks; weights that the model computes in mode "
        "CROSS_CORRELATION only"
    )


@operator("RegionRestrictedConvolution")
class RegionRestrictedConvolution(Operator):
    """A convolution whose taps count only where the input's region number (n, h, w) equals the output's."""

    operands = "float float integer integer"
    limits = "float32 or float16, NCHW, constant weights; both region maps of one integer type"
    weights = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        geo = geometry(node)
        regions = [v.shape for v in node.inputs[2:4]]
        sizes = [(geo.x[0], *geo.x[2:]), (geo.x[0], *geo.output[2:])]
        if geo.words[0] != "nchw" or regions != sizes:
            raise Unsupported(f"region maps of shapes {regions} stand where {sizes} are needed")
        return [TensorType(geo.output, output_type(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        geo = geometry(node)
        x, weights = plain_operands(node, geo, inputs)
        inside, outside = (region[:, None] for region in inputs[2:4])
        same = windows(inside, geo.window) == outside[..., None, None]
        total = contract(windows(x, geo.window) * same, weights)
        return [finish_node(node, total, [])]


@operator("BatchConvBias")
class BatchConvBias(Operator):
    """ConvBias with weights of its own for each batch item: (n, o, i, h, w)."""

    operands = "number number number? number?"
    limits = "quantised 8-bit data"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        geo = _batched(node)
        check_terms(node, geo)
        return [TensorType(geo.stored_output, output_type(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        geo = _batched(node)
        x, weights = plain_operands(node, geo, inputs)
        pairs = zip(x, weights)
        total = np.concatenate([convolve(item[None], own[None], geo.window) for item, own in pairs])
        result = finish_node(node, total, plain_terms(node, inputs))
        return [layout.pack(result, geo.words[2], geo.block)]


def _batched(node: Node) -> Geometry:
    """Geometry of one batch item's convolution, for all of the batch."""
    attrs, (x, w) = node.attrs, [v.shape for v in node.inputs[:2]]
    data_format = attrs.get("format", "NCHW")
    if attrs.get("sparse", "DENSE") != "DENSE":
        raise Unsupported("grouped weights per batch item are not supported")
    words = (layout.word(data_format, len(x)), layout.weights_word(data_format, "GROUP", len(w)))
    plain_x, plain_w = layout.plain_shape(x, words[0]), layout.plain_shape(w, words[1], "goihw")
    check_operands(attrs, plain_x[1], plain_w[2])
    if plain_w[0] != plain_x[0]:
        raise Unsupported(f"weights for {plain_w[0]} batch items, the data has {plain_x[0]}")
    window = window_of(attrs, plain_w[3:])
    return Geometry(plain_x, (1, *plain_w[1:]), window, (*words, words[0]), layout.BLOCKS[data_format])
