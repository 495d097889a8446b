"""Convolutions and fully connected layers: whole sums, rescaled by one factor or one for each channel.

Sums of 16-bit data have 64 bits, and are rounded as such; where the biases are stated as int32, sums have 32 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from mgecc.graph import DType, Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.known import broadcast_shape
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.rescale import Rounding, greatest

from ..images import channels_first, channels_last, groups_of, padding_of
from ..model import Quantization
from . import Tensor, TensorBuilder, TfliteNode, rescale, result_type, rule, scale

_INT32 = 2
"""In the enumeration TensorType of the schema."""


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
    stride, y = (node.require("stride_h"), node.require("stride_w")), result_type(node, 2)
    factors = tuple(scale(x) * s / scale(y) for s in _quantisation(node).scale)
    attrs = ConvBiasAttrs(
        stride=stride,
        padding=padding_of(node.require("padding"), x.shape[1:3], w.shape[2:], stride, dilation),
        dilation=dilation,
        groups=groups,
        output_dtype=y,
        rescale=rescale(factors, y, node.require("fused_activation_function"), _rounding(node, x)),
    )
    terms = [t.reshape(bias, (1, bias.elements, 1, 1)) for bias in _bias(node, t)]
    return channels_last(t, t.one("ConvBias", attrs, channels_first(t, x), w, *terms))


@rule("MatrixMul", "FULLY_CONNECTED")
def fully_connected(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """One scale of the weights is multiplied in single precision."""
    x, w, y = node.operand(0), _weights(node, t), result_type(node, 2)
    scales = _quantisation(node).scale
    single = float(np.float32(scale(x)) * np.float32(scales[0])) / scale(y)
    factors = (single,) if len(scales) == 1 else tuple(scale(x) * s / scale(y) for s in scales)
    by = rescale(factors, y, node.get("fused_activation_function", "NONE"), _rounding(node, x))
    attrs = MatrixMulAttrs(transpose_b=True, output_dtype=y, rescale=by)
    rows = t.reshape(x, (prod(x.shape) // w.shape[1], w.shape[1]))
    terms = [t.reshape(bias, (1, bias.elements)) for bias in _bias(node, t)]
    made = t.one("MatrixMul", attrs, rows, w, *terms)
    return [t.reshape(made, (*x.shape[:-1], w.shape[0])) if node.get("keep_num_dims") else made]


@rule("BatchedMatrixMul", "BATCH_MATMUL")
def batch_matmul(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Scales are multiplied in single precision. Source: micro/kernels/batch_matmul_common.cc."""
    operands, y = [node.operand(0), node.operand(1)], result_type(node, 2)
    single = np.float32(scale(operands[0])) * np.float32(scale(operands[1]))
    attrs = MatrixMulAttrs(
        transpose_a=bool(node.get("adj_x")),
        transpose_b=bool(node.get("adj_y")),
        output_dtype=y,
        rescale=rescale((float(single) / scale(y),), y, rounding="wide" if y.size == 2 else "double"),
    )
    outer = broadcast_shape([x.shape[:-2] for x in operands])
    stacked = [
        t.reshape(t.broadcast(x, (*outer, *x.shape[-2:])), (prod(outer), *x.shape[-2:])) for x in operands
    ]
    made = t.one("BatchedMatrixMul", attrs, *stacked)
    return [t.reshape(made, (*outer, *made.shape[-2:]))]


@rule("ConvBias", "TRANSPOSE_CONV")
def transpose_conv(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """One convolution whose channels are the results at every place of a stride; blocks of them become pixels.

    The result at place r of stride m is the sum over j of the datum m - j times the weight j * stride + r.
    """
    size, w, x = node.operand(0).integers[1:3], _weights(node, t), node.operand(2)
    stride, y = (node.require("stride_h"), node.require("stride_w")), result_type(node, 2)
    padding = padding_of(node.require("padding"), size, w.shape[1:3], stride, (1, 1))
    taps = [-(-k // s) for k, s in zip(w.shape[1:3], stride)]
    counts = [-(-(n + before) // s) for n, (before, _), s in zip(size, padding, stride)]
    phases, (n, h, width, _) = prod(stride), x.shape
    factors = tuple(scale(x) * s / scale(y) for s in _quantisation(node).scale)
    attrs = ConvBiasAttrs(
        padding=tuple((j - 1, max(m - k, 0)) for j, m, k in zip(taps, counts, (h, width))),
        output_dtype=y,
        rescale=rescale(
            factors * (phases if len(factors) > 1 else 1),
            y,
            node.get("fused_activation_function", "NONE"),
            _rounding(node, x, 3),
        ),
    )
    weights = t.constant(_phases(w.known, taps, stride), w.dtype, w.value.name)
    terms = [t.constant(np.tile(b.known.reshape(-1), phases).reshape(1, -1, 1, 1)) for b in _bias(node, t, 3)]
    made = t.one("ConvBias", attrs, channels_first(t, x), weights, *terms)
    made = t.slice(made, {2: (0, counts[0], 1), 3: (0, counts[1], 1)})
    split = t.reshape(made, (n, *stride, w.shape[0], *counts))
    pixels = t.reshape(
        t.transpose(split, (0, 4, 1, 5, 2, 3)), (n, *(m * s for m, s in zip(counts, stride)), w.shape[0])
    )
    return [t.slice(pixels, {k + 1: (p[0], p[0] + size[k], 1) for k, p in enumerate(padding)})]


def _phases(w: np.ndarray, taps: Sequence[int], stride: Sequence[int]) -> np.ndarray:
    """Weights (out, h, w, in) as (row * column of a stride * out, in, taps, taps), the last tap first."""
    padded = np.zeros((w.shape[0], taps[0] * stride[0], taps[1] * stride[1], w.shape[3]), w.dtype)
    padded[:, : w.shape[1], : w.shape[2]] = w
    split = padded.reshape(w.shape[0], taps[0], stride[0], taps[1], stride[1], w.shape[3])[:, ::-1, :, ::-1]
    return np.asarray(split.transpose(2, 4, 0, 5, 1, 3).reshape(-1, w.shape[3], *taps))


_WITH_32_BITS = ("CONV_2D", "FULLY_CONNECTED")


def _rounding(node: TfliteNode, x: Tensor, position: int = 2) -> Rounding:
    """By the type of the biases, for which an option stands where there are none."""
    if x.dtype.size == 1:
        return "double"
    stated = node.inputs[position] if position < len(node.inputs) else None
    has_32_bits = node.get("quantized_bias_type") == _INT32 if stated is None else stated.type == "INT32"
    if has_32_bits and node.type in _WITH_32_BITS:
        return "double"
    if stated is not None and stated.type not in ("INT64", "INT16" if node.type == "TRANSPOSE_CONV" else ""):
        raise Unsupported(f"{stated.type} biases of 16-bit data are not supported", "convert the model again")
    return "wide"


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


def _bias(node: TfliteNode, t: TensorBuilder, position: int = 2) -> list[Tensor]:
    """What the sums begin with; it counts what they count, whatever scale is stated."""
    bias = node.optional(position)
    if bias is None:
        return []
    is_long = bias.dtype.name == "int64" and greatest(bias.known) > INT32.range[1]
    return [bias if is_long else t.cast(bias, INT32)]
