"""Recurrent layers of quantised bytes. Their states are variable operands."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mgecc.graph import DType, Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.fixed_lstm import FixedLSTMAttrs
from mgecc.ops.fixed_svdf import FixedSVDFAttrs

from ..model import Quantization
from ..recurrence import ONE_WAY, as_stated, check_plain, stacked, steps_first
from . import Tensor, TensorBuilder, TfliteNode, rescale, result_type, rule, scale

_UNIT = 2.0**-12
_FRACTION = 2.0**-15
_HALF_AN_OCTAVE = 0.5**0.5


@rule("FixedLSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM")
def lstm(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Sources: PrepareGateParametersInteger and CreateLstmCellStateInfo of micro/kernels/lstm_eval_common.cc."""
    check_plain(node, ONE_WAY)
    x, h, c = steps_first(node, t), node.operand(18), node.operand(19)
    weights = [_weights(node, t, part) for part in (ONE_WAY.of_data, ONE_WAY.of_state)]
    bias = stacked(t, [node.operand(k) for k in ONE_WAY.of_bias])
    y, *states = t.add("FixedLSTM", _attributes(node, x, h, c), x, h, c, *weights, bias)
    return [as_stated(node, t, y), *states]


def _attributes(node: TfliteNode, x: Tensor, h: Tensor, c: Tensor) -> FixedLSTMAttrs:
    cell, clip = scale(c), float(node.require("cell_clip"))
    mantissa, exponent = math.frexp(cell)
    given, kept = (
        tuple(float(np.float32(scale(part)) * np.float32(_scale(node, k))) / _UNIT for k in places)
        for part, places in ((x, ONE_WAY.of_data), (h, ONE_WAY.of_state))
    )
    return FixedLSTMAttrs(
        given=given,  # type: ignore[arg-type]
        kept=kept,  # type: ignore[arg-type]
        forget=_FRACTION * cell / cell,
        enter=_FRACTION * _FRACTION / cell,
        leave=_FRACTION * _FRACTION / scale(h),
        cell_bits=-exponent if mantissa >= _HALF_AN_OCTAVE else 1 - exponent,
        clip=int(min(clip / cell, 32767.0)),
        dtype=result_type(node),
    )


def _quantization(node: TfliteNode, position: int) -> Quantization:
    stored = node.inputs[position]
    if stored is None or stored.quantization is None or len(stored.quantization.scale) != 1:
        raise Unsupported(f"its weights in operand {position} have no scale, or more than one")
    return stored.quantization


def _scale(node: TfliteNode, position: int) -> float:
    return _quantization(node, position).scale[0]


def _weights(node: TfliteNode, t: TensorBuilder, places: Sequence[int]) -> Tensor:
    """Of all gates; their scales are in the factors."""
    return stacked(t, [_plain(node, t, k) for k in places])


def _plain(node: TfliteNode, t: TensorBuilder, position: int) -> Tensor:
    """Constant weights as numbers whose scale is in the factors."""
    w = node.operand(position)
    if _quantization(node, position).zero_point[0]:
        raise Unsupported("weights of a recurrent layer with zero points are not supported")
    return t.constant(w.known, DType(w.dtype.name), w.value.name)


@rule("FixedSVDF", "SVDF")
def svdf(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The built-in activation does nothing but what the result's range does. Source: PrepareSvdf of svdf_common.cc."""
    x, kept, y = node.operand(0), node.operand(4), result_type(node)
    if node.require("fused_activation_function") not in ("NONE", "RELU"):
        raise Unsupported("an SVDF with another activation than RELU is not supported")
    feature, time = (_plain(node, t, k) for k in (1, 2))
    single = [np.float32(n) for n in (scale(x), _scale(node, 1), scale(kept), _scale(node, 2), scale(y))]
    attrs = FixedSVDFAttrs(
        rank=node.require("rank"),
        feature=float(single[0] * single[1] / single[2]),
        rescale=rescale((float(single[2] * single[3] / single[4]),), y),
        dtype=y,
    )
    bias = node.optional(3)
    if bias is None:
        bias = t.constant(np.zeros(time.shape[0] // (attrs.rank or 1), np.int32))
    state, found = t.add("FixedSVDF", attrs, x, kept, feature, time, t.cast(bias, INT32))
    return [found, state]
