"""Convolutions and fully connected layers."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from math import prod

import numpy as np

from mgecc.graph import Unsupported
from mgecc.ops.convolution import ConvBiasAttrs, ConvolutionAttrs
from mgecc.ops.convolution3d import Convolution3DAttrs

from ..activations import activated
from ..images import channels_first, channels_last, groups_of, padding_of
from . import Tensor, TensorBuilder, TfliteNode, rule


@rule("ConvBias", "CONV_2D")
def conv_2d(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Weights lie as (out, h, w, in of one group)."""
    x, w = node.operand(0), dequantised(node, t, 1)
    return [_convolved(node, t, x, t.transpose(w, (0, 3, 1, 2)), groups_of(x, w))]


@rule("ConvBias", "DEPTHWISE_CONV_2D")
def depthwise(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Weights lie as (1, h, w, channels times multiplier)."""
    x, w = node.operand(0), dequantised(node, t, 1)
    return [_convolved(node, t, x, t.transpose(w, (3, 0, 1, 2)), x.shape[3])]


def _convolved(node: TfliteNode, t: TensorBuilder, x: Tensor, w: Tensor, groups: int) -> Tensor:
    dilation = (node.get("dilation_h_factor", 1), node.get("dilation_w_factor", 1))
    stride = (node.require("stride_h"), node.require("stride_w"))
    attrs = ConvBiasAttrs(
        stride=stride,
        padding=padding_of(node.require("padding"), x.shape[1:3], w.shape[2:], stride, dilation),
        dilation=dilation,
        groups=groups,
    )
    bias = node.optional(2)
    terms = [] if bias is None else [t.reshape(bias, (1, bias.elements, 1, 1))]
    y = t.one("ConvBias", attrs, channels_first(t, x), w, *terms)
    return channels_last(t, activated(t, y, node.require("fused_activation_function")))


@rule("ConvolutionBackwardData", "TRANSPOSE_CONV")
def transpose_conv(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The size of the result is an operand; weights lie as (out, h, w, in)."""
    size, w, x = node.operand(0).integers, dequantised(node, t, 1), node.operand(2)
    stride = (node.require("stride_h"), node.require("stride_w"))
    y = _transposed(t, x, w, node.optional(3), size[1:3], stride, node.require("padding"))
    return [activated(t, y, node.get("fused_activation_function", "NONE"))]


def _transposed(
    t: TensorBuilder,
    x: Tensor,
    w: Tensor,
    bias: Tensor | None,
    size: Sequence[int],
    stride: tuple[int, int],
    word: str,
) -> Tensor:
    """The transposed convolution of (n, h, w, c) whose result has this size."""
    padding = padding_of(word, size, w.shape[1:3], stride, (1, 1))
    attrs = ConvolutionAttrs(stride=stride, padding=padding)
    y = t.one("ConvolutionBackwardData", attrs, t.transpose(w, (3, 0, 1, 2)), channels_first(t, x))
    y = t.pad(y, [(0, 0), (0, 0), *((0, wanted - n) for wanted, n in zip(size, y.shape[2:]))])
    if bias is not None:
        y = t.elemwise("add", y, t.reshape(bias, (1, bias.elements, 1, 1)))
    return channels_last(t, y)


@rule("ConvolutionBackwardData", "Convolution2DTransposeBias")
def transpose_conv_bias(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """MediaPipe's: padding (1 SAME, 2 VALID) and strides (w, h) are three integers of the options."""
    x, w = node.operand(0), dequantised(node, t, 1)
    if len(node.custom_options) < 12:
        raise Unsupported("its options are too short", "convert the model again")
    padding, across, down = struct.unpack_from("<3i", node.custom_options)
    stride, same = (down, across), padding == 1
    if min(stride) < 1 or padding not in (1, 2):
        raise Unsupported(f"the padding {padding} with strides {list(stride)} is not supported")
    size = [n * s if same else (n - 1) * s + k for n, s, k in zip(x.shape[1:3], stride, w.shape[1:3])]
    return [_transposed(t, x, w, node.operand(2), size, stride, "SAME" if same else "VALID")]


@rule("Convolution3D", "CONV_3D")
def conv_3d(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Weights lie as (d, h, w, in, out)."""
    x, w, bias = node.operand(0), dequantised(node, t, 1), node.optional(2)
    stride, dilation = (
        [node.require(f"{name}_{axis}{end}") for axis in "dhw"]
        for name, end in (("stride", ""), ("dilation", "_factor"))
    )
    attrs = Convolution3DAttrs(
        stride=tuple(stride),
        padding=padding_of(node.require("padding"), x.shape[1:4], w.shape[:3], stride, dilation),
        dilation=tuple(dilation),
    )
    y = t.one("Convolution3D", attrs, t.transpose(x, (0, 4, 1, 2, 3)), t.transpose(w, (4, 3, 0, 1, 2)))
    if bias is not None:
        y = t.elemwise("add", y, t.reshape(bias, (1, bias.elements, 1, 1, 1)))
    return [t.transpose(activated(t, y, node.require("fused_activation_function")), (0, 2, 3, 4, 1))]


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
