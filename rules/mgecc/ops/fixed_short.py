"""Functions of 16-bit numbers, as TensorFlow Lite's reference kernels compute them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.graph.attributes import Range
from mgecc.ops.counted import one_by_one
from mgecc.ops.elementary import exp
from mgecc.ops.fixed_functions import FINER_ROOT, bit_length, rsqrt
from mgecc.ops.fixed_gates import gate_sigmoid, gate_tanh
from mgecc.ops.quantize import round_half_away
from mgecc.ops.registry import Operator, operator
from mgecc.ops.rescale import GREATEST_FACTOR, Integers, fixed_point, multiply
from mgecc.ops.rescaled import check_stored

_LEAST_ROOT_FACTOR = 2.0 ** (FINER_ROOT - 31)
_LOW, _HIGH = -(1 << 15), (1 << 15) - 1
_HALF_AN_OCTAVE, _NEARLY_NONE = 0.5**0.5, 2.0**1e-3
_FUNCTIONS = {"logistic": gate_sigmoid, "tanh": gate_tanh}


@dataclass(frozen=True)
class FixedFunctionAttrs(Attributes):
    """``multiplier``, ``shift``: multiplier / 2^shift brings numbers to units of 1 / (3 * 2^12)."""

    function: Literal["logistic", "tanh"]
    dtype: DType
    multiplier: Annotated[int, Range(0, (1 << 16) - 1)]
    shift: Annotated[int, Range(0, 31)]


def gate_factor(scale: float, powers: Sequence[int]) -> tuple[int, int]:
    """Multiplier and shift for numbers of this scale, exact for 2^-12 times one of these powers of two.

    A scale is a power of two if its logarithm is within 1/1000 of a whole number. Sources: TanhPrepare of
    micro/kernels/tanh.cc, logistic_common.cc, CheckedLog2 of kernels/internal/quantization_util.cc.
    """
    mantissa, up = math.frexp(scale * 4096)
    if mantissa < _HALF_AN_OCTAVE:
        mantissa, up = 2 * mantissa, up - 1
    if 1 / _NEARLY_NONE < mantissa < _NEARLY_NONE and up in powers:
        return 3 << up, 0
    real, shift = scale * 3 * 4096, 0
    while real <= 32767 / 2 and shift <= 30:
        real, shift = 2 * real, shift + 1
    return int(real), shift


class _ShortFunction(Operator):
    """A function of one tensor of 16-bit numbers."""

    operands = "number"
    limits = "16-bit numbers with zero point 0"
    elementwise = True

    counted = staticmethod(one_by_one)


@operator("FixedFunction")
class FixedFunction(_ShortFunction):
    """LOGISTIC and TANH of 16-bit numbers, from one table with steps between; results count 2^-15.

    Sources: reference/integer_ops/logistic.h, tanh.h.
    """

    Attributes = FixedFunctionAttrs

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        attrs = node.attributes(FixedFunctionAttrs)
        check_short(node, attrs.dtype)
        return [node.inputs[0].type.with_dtype(attrs.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, x = node.attributes(FixedFunctionAttrs), inputs[0].astype(np.int64)
        moved = (x * attrs.multiplier + ((1 << attrs.shift) >> 1)) >> attrs.shift
        return [_FUNCTIONS[attrs.function](moved).astype(np.int16)]


@dataclass(frozen=True)
class FixedRsqrtAttrs(Attributes):
    """``factor``: what inverse roots of steps are multiplied by."""

    dtype: DType
    factor: float


@operator("FixedRsqrt")
class FixedRsqrt(_ShortFunction):
    """RSQRT of 16-bit numbers by Newton's method; the largest number for what has no root.

    Source: RsqrtEvalQuantized of micro/kernels/elementwise.cc.
    """

    Attributes = FixedRsqrtAttrs

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        attrs = node.attributes(FixedRsqrtAttrs)
        check_short(node, attrs.dtype)
        if not _LEAST_ROOT_FACTOR <= attrs.factor <= GREATEST_FACTOR:
            raise Unsupported(f"inverse roots times {attrs.factor} are not supported")
        return [node.inputs[0].type.with_dtype(attrs.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(FixedRsqrtAttrs)
        return [rsqrt(inputs[0].astype(np.int64), attrs.factor, attrs.dtype)]


def check_short(node: Node, result: DType) -> None:
    """Unsupported unless operands and result are 16-bit numbers with zero point 0."""
    check_stored(node, result)
    if result.size != 2:
        raise Unsupported(f"{node.op} of {node.inputs[0].type} is not supported")


@dataclass(frozen=True)
class FixedSoftmax16Attrs(Attributes):
    """``factor``: what a step of the operand is in units of 10 / 65535."""

    dtype: DType
    factor: float


@operator("FixedSoftmax16")
class FixedSoftmax16(Operator):
    """SOFTMAX of 16-bit numbers over the last axis, by two tables with steps between; results count 2^-15.

    Sources: SoftmaxInt16 of reference/softmax.h, micro/kernels/softmax_common.cc.
    """

    Attributes = FixedSoftmax16Attrs
    operands = "number"
    limits = "16-bit numbers with zero point 0; fewer than 65536 of them along the last axis"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, attrs = node.inputs[0].type, node.attributes(FixedSoftmax16Attrs)
        check_short(node, attrs.dtype)
        if not 0 <= attrs.factor <= GREATEST_FACTOR or not 0 < x.shape[-1] < 1 << 16:
            raise Unsupported(f"{x} numbers times {attrs.factor} have no softmax")
        return [x.with_dtype(attrs.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, x = node.attributes(FixedSoftmax16Attrs), inputs[0].astype(np.int64)
        (multiplier,), (shift,) = fixed_point([attrs.factor])
        differences = multiply(x - x.max(axis=-1, keepdims=True), multiplier, shift, "double")
        powers = between(np.clip(differences + _HIGH, _LOW, _HIGH), exp_table())
        sums = powers.sum(axis=-1, keepdims=True)
        bits = bit_length(sums)
        fine = ((sums << (31 - bits)) + (1 << 13)) >> 14
        over = between(np.clip(fine - (3 << 15), _LOW, _HIGH), reciprocal_table())
        found = (powers * over + ((np.int64(1) << (bits - 1)) >> 1)) >> (bits - 1)
        return [np.clip(found, 0, _HIGH).astype(np.int16)]


def between(x: Integers, table: np.ndarray) -> Integers:
    """Between two of 513 entries for 16-bit numbers. Source: LUTLookup of kernels/internal/common.h."""
    place, wide = 256 + (x >> 7), table.astype(np.int64)
    base = wide[place]
    return np.asarray(base + (((wide[place + 1] - base) * (x & 127) + 64) >> 7))


@cache
def exp_table() -> np.ndarray:
    """e^x for x from -10 to 0, as fractions of 2^15."""
    return _table(exp, 10.0, _HIGH)


@cache
def reciprocal_table() -> np.ndarray:
    """1 / (1 + x) for x from 0 to 1, as fractions of 2^15."""
    return _table(lambda x: np.float32(1) / (np.float32(1) + x), 1.0, _LOW)


def _table(function: Callable[[np.ndarray], np.ndarray], span: float, zero: int) -> np.ndarray:
    """513 entries, moved by half of what the steps between them are off. All in single precision.

    Source: LUTPopulateInt16 of kernels/internal/common.h.
    """
    one, range_ = np.float32, np.float32(65535)
    scale, fine = one(span) / range_, one(2) / range_
    low, high = scale * one(_LOW - zero), scale * one(_HIGH - zero)
    step = (high - low) / one(512)
    inverse = one(65536) / (fine * one(_HIGH) - fine * one(_LOW))
    places = low + np.arange(513, dtype=np.float32) * step
    reals = function(np.append(places[:512], high).astype(np.float32)) * inverse
    ends = function((low + np.arange(1, 513, dtype=np.float32) * step).astype(np.float32)) * inverse
    middles = round_half_away(function((places[:512] + step / one(2)).astype(np.float32)) * inverse)
    starts = round_half_away(reals)
    off = round_half_away((ends + starts[:512]) / one(2)) - middles
    starts[:512] -= round_half_away(off / one(2))
    return np.asarray(np.clip(starts, _LOW, _HIGH).astype(np.int16))
