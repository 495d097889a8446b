"""Transposed convolutions: inputs are weights, data and possibly a value that has the result's shape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops import layout
from mgecc.ops.arithmetic import finish_node, output_type, widen
from mgecc.ops.contraction import convolve_transposed, flipped
from mgecc.ops.convolution import check_operands
from mgecc.ops.convolution3d import plain_operand, plain_weights
from mgecc.ops.counted import item_by_item
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import Window, window_of

Shape = tuple[int, ...]


def _output(node: Node, weights: Shape, window: Window) -> Shape:
    """Shape of the result; that of the third input, if there is one, must have as many window positions."""
    x = node.inputs[1].shape
    check_operands(node.attrs, x[1], weights[0] * weights[1])
    channels = weights[0] * weights[2]
    if len(node.inputs) < 3:
        return (x[0], channels, *window.input_size(x[2:]))
    shape = node.inputs[2].shape
    if shape[:2] != (x[0], channels) or window.output_size(shape[2:]) != x[2:]:
        raise Unsupported(f"a result of shape {list(shape)} does not fit data of shape {list(x)}")
    return shape


def _weights2d(node: Node) -> Shape:
    attrs, (w, x) = node.attrs, node.inputs[:2]
    if attrs.get("format", "NCHW") != "NCHW" or x.type.rank != 4:
        raise Unsupported(
            f"transposed convolution in the layout {attrs.get('format')} is not supported", "use NCHW"
        )
    word = layout.weights_word("NCHW", attrs.get("sparse", "DENSE"), w.type.rank)
    return layout.plain_shape(w.shape, word, "goihw")


def _infer(node: Node, weights: Shape) -> list[TensorType]:
    return [TensorType(_output(node, weights, window_of(node.attrs, weights[3:])), output_type(node))]


def _evaluate(node: Node, x: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
    window = window_of(node.attrs, weights.shape[3:])
    size = _output(node, weights.shape, window)[2:]
    data = widen(x, node.inputs[1].type.dtype)
    return [finish_node(node, convolve_transposed(data, weights, window, size), [])]


@operator("ConvolutionBackwardData")
class ConvolutionBackwardData(Operator):
    """Weights (i, o, h, w), or (g, i, o, h, w) with groups, i counting the data's channels."""

    operands = "number number any?"
    limits = "NCHW; float, or quantised and integers of 8 and 16 bits by constant weights"
    weights = (0,)

    counted = staticmethod(item_by_item)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer(node, _weights2d(node))

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        weights = widen(inputs[0], node.inputs[0].type.dtype).reshape(_weights2d(node))
        return _evaluate(node, inputs[1], flipped(weights, node.attrs.get("mode", "CROSS_CORRELATION"), 2))


@operator("Convolution3DBackwardData")
class Convolution3DBackwardData(Operator):
    """Weights (i, o, d, h, w), or (g, i, o, d, h, w) with groups."""

    operands = "float float any?"
    limits = "float32 or float16, NCDHW"
    weights = (0,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer(node, plain_weights(node, 0))

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _evaluate(node, inputs[1], plain_operand(node, inputs, 0))
