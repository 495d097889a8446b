"""Convolutions and fully connected layers: whole sums of bytes, rescaled by one factor or one for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from mgecc.graph import DType, Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.matmul import MatrixMulAttrs

from ..images import channels_first, channels_last, groups_of, padding_of
from ..model import Quantization
from . import Tensor, TensorBuilder, TfliteNode, rescale, result_type, rule, scale


@rule("ConvBias", "CONV_2D")
def conv_2d(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, w = node.operand(0), _weights(node, t)
    return [_convolved(node, t, x, t.transpose(w, (0, 3, 1, 2)), groups_of(x, w))]


@rule("ConvBias", "DEPTHWISE_CONV_2D")
def depthwise(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, w = node.operand(0), _weights(node, t)
    return [_convolved(node, t, x, t.transpose(w, (3, 0, 1, 2)), x.shape[3])]


def _convolved(node: TfliteNode, t: TensorBuilder, x: Tensor, w: Tensor, groups: int) -> Tensor:
    dilation = (node.get("dilation_h_factor", 1), node.get("dilation_w_factor", 1))
    stride, y = (node.get("stride_h"), node.get("stride_w")), result_type(node)
    factors = tuple(scale(x) * s / scale(y) for s in _quantisation(node).scale)
    attrs = ConvBiasAttrs(
        stride=stride,
        padding=padding_of(node.get("padding"), x.shape[1:3], w.shape[2:], stride, dilation),
        dilation=dilation,
        groups=groups,
        output_dtype=y,
        rescale=rescale(factors, y, node.get("fused_activation_function")),
    )
    terms = [t.reshape(bias, (1, bias.elements, 1, 1)) for bias in _bias(node, t)]
    return channels_last(t, t.one("ConvBias", attrs, channels_first(t, x), w, *terms))


@rule("MatrixMul", "FULLY_CONNECTED")
def fully_connected(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """One scale of the weights is multiplied in single precision."""
    x, w, y = node.operand(0), _weights(node, t), result_type(node)
    scales = _quantisation(node).scale
    single = float(np.float32(scale(x)) * np.float32(scales[0])) / scale(y)
    factors = (single,) if len(scales) == 1 else tuple(scale(x) * s / scale(y) for s in scales)
    by = rescale(factors, y, node.get("fused_activation_function", "NONE"))
    attrs = MatrixMulAttrs(transpose_b=True, output_dtype=y, rescale=by)
    rows = t.reshape(x, (prod(x.shape) // w.shape[1], w.shape[1]))
    terms = [t.reshape(bias, (1, bias.elements)) for bias in _bias(node, t)]
    made = t.one("MatrixMul", attrs, rows, w, *terms)
    return [t.reshape(made, (*x.shape[:-1], w.shape[0])) if node.get("keep_num_dims") else made]


def _quantisation(node: TfliteNode) -> Quantization:
    stored = node.inputs[1]
    if stored is None or stored.quantization is None:
        raise Unsupported("its weights have no scale", "convert the model again")
    if any(stored.quantization.zero_point) and len(stored.quantization.scale) > 1:
        raise Unsupported("weights with zero points for each channel are not supported")
    return stored.quantization


def _weights(node: TfliteNode, t: TensorBuilder) -> Tensor:
    """Constant bytes; their scales are in the factors."""
    w, zero = node.operand(1), _quantisation(node).zero_point[0]
    return t.constant(w.known, DType(w.dtype.name, None, zero), w.value.name)


def _bias(node: TfliteNode, t: TensorBuilder) -> list[Tensor]:
    """What the sums begin with; it counts what they count, whatever scale is stated."""
    bias = node.optional(2)
    return [] if bias is None else [t.cast(bias, INT32)]
