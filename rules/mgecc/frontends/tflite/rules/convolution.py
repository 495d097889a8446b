"""Convolutions and fully connected layers."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from mgecc.graph import Unsupported
from mgecc.ops.convolution import ConvBiasAttrs, ConvolutionAttrs

from ..activations import activated
from ..images import channels_first, channels_last, padding_of
from . import Tensor, TensorBuilder, TfliteNode, rule


@rule("ConvBias", "CONV_2D")
def conv_2d(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Weights lie as (out, h, w, in of one group)."""
    x, w = node.operand(0), dequantised(node, t, 1)
    groups, rest = divmod(x.shape[3], w.shape[3])
    if rest or not groups:
        raise Unsupported(f"weights for {w.shape[3]} channels do not fit {x.shape[3]}")
    return [_convolved(node, t, x, t.transpose(w, (0, 3, 1, 2)), groups)]


@rule("ConvBias", "DEPTHWISE_CONV_2D")
def depthwise(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Weights lie as (1, h, w, channels times multiplier)."""
    x, w = node.operand(0), dequantised(node, t, 1)
    return [_convolved(node, t, x, t.transpose(w, (3, 0, 1, 2)), x.shape[3])]


def _convolved(node: TfliteNode, t: TensorBuilder, x: Tensor, w: Tensor, groups: int) -> Tensor:
    dilation = (node.get("dilation_h_factor", 1), node.get("dilation_w_factor", 1))
    stride = (node.get("stride_h"), node.get("stride_w"))
    attrs = ConvBiasAttrs(
        stride=stride,
        padding=padding_of(node.get("padding"), x.shape[1:3], w.shape[2:], stride, dilation),
        dilation=dilation,
        groups=groups,
    )
    bias = node.optional(2)
    terms = [] if bias is None else [t.reshape(bias, (1, bias.elements, 1, 1))]
    y = t.one("ConvBias", attrs, channels_first(t, x), w, *terms)
    return channels_last(t, activated(t, y, node.get("fused_activation_function")))


@rule("ConvolutionBackwardData", "TRANSPOSE_CONV")
def transpose_conv(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The size of the result is an operand; weights lie as (out, h, w, in)."""
    size, w, x = node.operand(0).integers, dequantised(node, t, 1), node.operand(2)
    return [transposed(node, t, x, w, node.optional(3), size[1:3])]


def transposed(
    node: TfliteNode, t: TensorBuilder, x: Tensor, w: Tensor, bias: Tensor | None, size: Sequence[int]
) -> Tensor:
    """The transposed convolution of (n, h, w, c) whose result has this size."""
    stride = (node.get("stride_h"), node.get("stride_w"))
    padding = padding_of(node.get("padding"), size, w.shape[1:3], stride, (1, 1))
    attrs = ConvolutionAttrs(stride=stride, padding=padding)
    weights = t.transpose(w, (3, 0, 1, 2))
    y = t.one("ConvolutionBackwardData", attrs, weights, channels_first(t, x))
    behind = [(0, 0), (0, 0), *((0, wanted - n) for wanted, n in zip(size, y.shape[2:]))]
    y = t.pad(y, behind)
    if bias is not None:
        y = t.elemwise("add", y, t.reshape(bias, (1, bias.elements, 1, 1)))
    return channels_last(t, activated(t, y, node.get("fused_activation_function", "NONE")))


@rule("MatrixMul", "FULLY_CONNECTED")
def fully_connected(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Weights lie as (out, in); the leading axes of the data are rows."""
    x, w, bias = node.operand(0), dequantised(node, t, 1), node.optional(2)
    rows = t.reshape(x, (prod(x.shape) // w.shape[1], w.shape[1]))
    y = t.matmul(rows, w, transpose_b=True)
    if bias is not None:
        y = t.elemwise("add", y, t.reshape(bias, (1, bias.elements)))
    y = activated(t, y, node.get("fused_activation_function", "NONE"))
    return [t.reshape(y, (*x.shape[:-1], w.shape[0])) if node.get("keep_num_dims") else y]


@rule("BatchedMatrixMul", "BATCH_MATMUL")
def batch_matmul(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    a, b = node.operand(0), node.operand(1)
    return [t.matmul(a, b, transpose_a=bool(node.get("adj_x")), transpose_b=bool(node.get("adj_y")))]


def dequantised(node: TfliteNode, t: TensorBuilder, position: int) -> Tensor:
    """Constant weights that are stored as integers beside data of floats, as floats (dynamic-range files)."""
    w, stored = node.operand(position), node.inputs[position]
    if stored is None or stored.quantization is None or w.dtype.is_float or w.array is None:
        return w
    quantization, shape = stored.quantization, [1] * w.rank
    if len(quantization.scale) > 1:
        shape[quantization.axis] = len(quantization.scale)
    scale, zero = (
        np.array(n, dtype).reshape(shape)
        for n, dtype in ((quantization.scale, np.float32), (quantization.zero_point, np.int32))
    )
    return t.constant((w.array.astype(np.int32) - zero).astype(np.float32) * scale, name=stored.name)
