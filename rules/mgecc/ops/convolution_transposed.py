"""Transposed convolutions: inputs are weights, data and possibly a value that has the result's shape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.arithmetic import finish_node, output_type, widen
from mgecc.ops.contraction import convolve_transposed
from mgecc.ops.convolution import ConvolutionAttrs, Shape, check_channels, check_ranks, grouped
from mgecc.ops.convolution3d import Convolution3DAttrs
from mgecc.ops.counted import item_by_item
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import Window


def _output(node: Node, weights: Shape, window: Window) -> Shape:
    """Shape of the result; that of the third input, if there is one, must have as many window positions."""
    x = node.inputs[1].shape
    check_channels(x[1], weights[0] * weights[1])
    channels = weights[0] * weights[2]
    if len(node.inputs) < 3:
        return (x[0], channels, *window.input_size(x[2:]))
    shape = node.inputs[2].shape
    if shape[:2] != (x[0], channels) or window.output_size(shape[2:]) != x[2:]:
        raise Unsupported(f"a result of shape {list(shape)} does not fit data of shape {list(x)}")
    return shape


class _Transposed(Operator):
    """What both have."""

    weights = (0,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        attrs, w = node.attributes(ConvolutionAttrs), node.inputs[0].shape
        check_ranks(node, 2 + len(attrs.stride))
        return [TensorType(_output(node, grouped(w, attrs.groups), attrs.over(w[2:])), output_type(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(ConvolutionAttrs)
        weights, data = (widen(a, v.type.dtype) for a, v in zip(inputs, node.inputs[:2]))
        weights, window = weights.reshape(grouped(weights.shape, attrs.groups)), attrs.over(weights.shape[2:])
        size = _output(node, weights.shape, window)[2:]
        return [finish_node(node, convolve_transposed(data, weights, window, size), [])]


@operator("ConvolutionBackwardData")
class ConvolutionBackwardData(_Transposed):
    """Weights (i, o / groups, h, w), i counting the data's channels."""

    Attributes = ConvolutionAttrs
    operands = "number number any?"
    limits = "NCHW; float, or quantised and integers of 8 and 16 bits by constant weights"
    narrowed = True

    counted = staticmethod(item_by_item)


@operator("Convolution3DBackwardData")
class Convolution3DBackwardData(_Transposed):
    """Weights (i, o / groups, d, h, w)."""

    Attributes = Convolution3DAttrs
    operands = "float float any?"
    limits = "float32 or float16, NCDHW"
