"""Functions of fixed-point numbers as gemmlowp computes them, and what TensorFlow Lite makes of them for bytes.

A number with i integer bits is a 32-bit integer that counts 2^(i - 31). Source of the functions: gemmlowp,
fixedpoint/fixedpoint.h; of the tables: the reference kernels of TensorFlow Lite named with each.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mgecc.graph import DType, Unsupported
from mgecc.ops.elementary import expm1
from mgecc.ops.quantize import round_half_away, scale_of
from mgecc.ops.rescale import Integers, fixed_point, high_product, multiply, shift_right, short_multiplier

_ONE = (1 << 31) - 1
# e^-2^k as fractions of 2^31, for k from -2.
_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_48_OVER_17, _MINUS_32_OVER_17 = 1515870810, -1010580540  # with 2 integer bits


def _doubled(x: Integers, count: Integers | int) -> Integers:
    """x * 2^count, saturated."""
    return np.asarray(np.clip(x << count, -(1 << 31), _ONE))


def _exp_near_zero(a: Integers) -> Integers:
    """e^a for a in [-1/4, 0), by Taylor's series around -1/8; 0 integer bits."""
    x = a + (1 << 28)
    square = high_product(x, x)
    cube, fourth = high_product(square, x), high_product(square, square)
    rest = shift_right(high_product(shift_right(fourth, 2) + cube, 715827883) + square, 1)
    return 1895147668 + high_product(np.asarray(x + rest), 1895147668)


def exp_of_negative(a: Integers, integer_bits: int) -> Integers:
    """e^a for a <= 0 with so many integer bits, as a fraction of 2^31."""
    fractional = 31 - integer_bits
    quarter = 1 << (fractional - 2)
    part = (a & (quarter - 1)) - quarter
    result, rest = _exp_near_zero(_doubled(part, integer_bits)), part - a
    for k, power in zip(range(-2, integer_bits), _POWERS):
        result = np.where(rest & (1 << (fractional + k)), high_product(result, power), result)
    return np.where(a == 0, _ONE, result)


def _newton(a: Integers) -> Integers:
    """2 / (1 + a) for a in (0, 1), by Newton's method; 2 integer bits."""
    total = a + _ONE
    half = np.trunc((total + np.where(total >= 0, 1, -1)) / 2).astype(np.int64)
    x = _48_OVER_17 + high_product(half, _MINUS_32_OVER_17)
    for _ in range(3):
        error = (1 << 29) - high_product(half, x)
        x = x + _doubled(high_product(x, error), 2)
    return x


def reciprocal(a: Integers) -> Integers:
    """1 / (1 + a) for a in (0, 1), as fractions of 2^31."""
    return _doubled(_newton(a), 1)


def logistic(a: Integers, integer_bits: int) -> Integers:
    """1 / (1 + e^-a) as a fraction of 2^31."""
    positive = reciprocal(exp_of_negative(-np.abs(a), integer_bits))
    return np.where(a == 0, 1 << 30, np.where(a > 0, positive, _ONE - positive))


def tanh(a: Integers, integer_bits: int) -> Integers:
    """tanh as a fraction of 2^31."""
    found = _doubled(_newton(exp_of_negative(-np.abs(a), integer_bits + 1)) - (1 << 29), 2)
    return np.where(a == 0, 0, np.where(a < 0, -found, found))


_LOG_2, _ROOT_OF_HALF, _FOURTH_ROOT_OF_HALF = 1488522236, 1518500250, 1805811301
_ALPHA_N, _ALPHA_D, _ALPHA_I, _ALPHA_F = 117049297, 127690142, 1057819769, 638450708
_QUARTER = 1 << 23  # with 6 integer bits


def bit_length(x: Integers) -> Integers:
    """Bits of integers, none of which is negative."""
    return np.frexp(x.astype(np.float64))[1].astype(np.int64)


def _significand(z: Integers) -> tuple[Integers, Integers]:
    """r as a fraction of 2^31 and e with 6 integer bits, for which z = 2^(e - 1/4) * r with 12 integer bits."""
    bits, less = bit_length(z), high_product(z, _ROOT_OF_HALF)
    first = _doubled(high_product(z << (31 - bits), _ROOT_OF_HALF), 1)
    second = _doubled(z, 31 - bit_length(less))
    exponents = ((bits - 20) << 25) + _QUARTER, ((bit_length(less) - 19) << 25) - _QUARTER
    return np.minimum(first, second), np.maximum(*exponents)


def log_of_sum(z: Integers) -> Integers:
    """Natural logarithm of numbers from 1 on with 12 integer bits; it has 5.

    Source: log_x_for_x_greater_than_or_equal_to_1_impl of kernels/internal/common.h of TensorFlow Lite.
    """
    r, exponent = _significand(z)
    middle = (r + _FOURTH_ROOT_OF_HALF + 1) >> 1
    q = 2 * (r - _FOURTH_ROOT_OF_HALF)
    square = high_product(q, q)
    numerator = high_product(q, r) + high_product(high_product(q, square), _ALPHA_N)
    inner = _ALPHA_I + q + high_product(square, _ALPHA_D)
    over = reciprocal(high_product(middle, inner) + high_product(q, _ALPHA_F))
    return _doubled(high_product(exponent, _LOG_2) + high_product(shift_right(numerator, 6), over), 1)


# Tables: stored results for all stored numbers, in the order of the bytes read without sign.


def steps_of(x: DType) -> Integers:
    """All stored numbers of a byte type in the order of a table, from their zero point."""
    return np.arange(256, dtype=np.uint8).view(x.numpy).astype(np.int64) - x.zero_point


def _in_fixed_point(x: DType, integer_bits: int) -> tuple[Integers, Integers, int]:
    """Steps, the same with so many integer bits, and from which of them on those bits would not hold them."""
    steps = steps_of(x)
    real = float(scale_of(x)) * 2.0 ** (31 - integer_bits)
    (multiplier,), (shift,) = fixed_point([real])
    radius = math.floor(((1 << integer_bits) - 1) * 2.0 ** (31 - integer_bits - int(shift)))
    inside = np.where(np.abs(steps) < radius, steps, 0)
    return steps, multiply(inside, multiplier, shift, "double"), radius


def _limited(steps: Integers, radius: int, found: Integers, y: DType) -> np.ndarray:
    low, high = y.range
    ends = np.where(steps <= -radius, low, np.where(steps >= radius, high, np.clip(found, low, high)))
    return ends.astype(y.numpy)


def logistic_table(x: DType, y: DType) -> np.ndarray:
    """LOGISTIC of int8. Source: reference/integer_ops/logistic.h; results have scale 1/256 and zero point -128."""
    if y.zero_point != y.range[0]:
        raise Unsupported(
            f"the results of a logistic function have the type {y}, not one with the zero point lowest"
        )
    steps, fixed, radius = _in_fixed_point(x, 4)
    return _limited(steps, radius, shift_right(logistic(fixed, 4), 31 - 8) + y.zero_point, y)


def tanh_table(x: DType, y: DType) -> np.ndarray:
    """TANH of int8. Source: reference/integer_ops/tanh.h; results have scale 1/128 and zero point 0."""
    steps, fixed, radius = _in_fixed_point(x, 4)
    return _limited(steps, radius, shift_right(tanh(fixed, 4), 31 - 7), y)


def _short(factor: float) -> tuple[int, int]:
    """A factor with a multiplier of 15 bits. Source: DownScaleInt32ToInt16Multiplier."""
    (multiplier,), (shift,) = fixed_point([factor])
    return int(short_multiplier(multiplier)), int(shift)


def _short_product(a: Integers, b: int) -> Integers:
    """SaturatingRoundingDoublingHighMul of 16-bit integers."""
    product = a * b
    nudge = np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    return np.trunc((product + nudge) / (1 << 15)).astype(np.int64)


def hard_swish_table(x: DType, y: DType) -> np.ndarray:
    """HARD_SWISH of int8. Source: reference/hard_swish.h and kernels/hard_swish_common.cc, all of it in 16 bits."""
    fine = np.float32(1 / 128) * scale_of(x)
    out_multiplier, out_shift = _short(float(fine / scale_of(y)))
    relu_multiplier, relu_shift = _short(float(fine / (np.float32(3) / np.float32(32768))))
    if out_shift > 0:
        raise Unsupported(f"hard swish of {x} numbers cannot give {y} numbers")
    steps = steps_of(x) << 7
    relu = _saturated(steps << max(relu_shift - 1, 0))
    relu = _short_product(relu, relu_multiplier)
    relu = _saturated(relu << 1) if relu_shift > 0 else shift_right(relu, -relu_shift)
    relu = (relu + (1 << 15)) >> 1
    product = relu * _short_product(steps, out_multiplier)
    whole = np.trunc(product / (1 << 15)).astype(np.int64)
    return np.clip(shift_right(whole, -out_shift) + y.zero_point, *y.range).astype(y.numpy)


def _saturated(x: Integers) -> Integers:
    return np.clip(x, -(1 << 15), (1 << 15) - 1)


def leaky_relu_table(x: DType, y: DType, slope: float) -> np.ndarray:
    """LEAKY_RELU of int8. Source: reference/leaky_relu.h and kernels/leaky_relu_common.cc."""
    steps, alpha = steps_of(x), np.float32(slope)
    factors = [scale_of(x) / scale_of(y), scale_of(x) * np.abs(alpha) / scale_of(y)]
    multipliers, shifts = fixed_point([float(f) for f in factors])
    rising, falling = (multiply(steps, m, s, "double") for m, s in zip(multipliers, shifts))
    found = np.where(steps >= 0, rising, -falling if alpha < 0 else falling)
    return np.asarray(np.clip(found + y.zero_point, *y.range).astype(y.numpy))


def abs_table(x: DType, y: DType) -> np.ndarray:
    """ABS of int8. Source: AbsEvalQuantized of micro/kernels/elementwise.cc."""
    found = np.abs(steps_of(x))
    if scale_of(x) != scale_of(y):
        (multiplier,), (shift,) = fixed_point([float(scale_of(x) / scale_of(y))])
        found = multiply(found, multiplier, shift, "double")
    return np.asarray(np.clip(found + y.zero_point, *y.range).astype(y.numpy))


def inverse_roots(numbers: Integers) -> tuple[Integers, Integers]:
    """1 / sqrt(numbers) as multipliers of 31 bits and shifts. Source: GetInvSqrtQuantizedMultiplierExp of
    kernels/internal/common.h: five steps of Newton's method with 3 integer bits."""
    positive = np.maximum(numbers, 1)
    pairs = (31 - bit_length(positive)) // 2 - 1
    half = shift_right((positive << 2 * pairs) >> 1, 1)
    x = np.full_like(positive, 1 << 28)
    for _ in range(5):
        cube = _doubled(high_product(high_product(x, x), x), 6)
        x = _doubled(high_product(x, (1 << 28) + (1 << 27)) - high_product(cube, half), 3)
    roots = high_product(x, _ROOT_OF_HALF)
    return np.where(numbers <= 1, _ONE, roots), np.where(numbers <= 1, 0, pairs - 11)


FINER_ROOT = 20
"""Bits by which inverse roots are finer than what they are multiplied by for."""


def rsqrt_factor(x: DType, y: DType) -> float:
    """What inverse roots of steps are multiplied by, of numbers of these types."""
    return 1.0 / float(np.sqrt(scale_of(x)) * scale_of(y))


def rsqrt(steps: Integers, factor: float, y: DType) -> np.ndarray:
    """Inverse roots of steps from the zero point, times a factor; the largest number for what has no root.

    Source: RsqrtEvalQuantized of micro/kernels/elementwise.cc.
    """
    (multiplier,), (shift,) = fixed_point([factor])
    low, high = y.range
    roots, up = inverse_roots(steps)
    fine = multiply(np.ones_like(roots), roots, up + FINER_ROOT, "double")
    found = multiply(fine, int(multiplier), int(shift) - FINER_ROOT, "double") + y.zero_point
    return np.where(steps > 0, np.clip(found, low, high), high).astype(y.numpy)


def rsqrt_table(x: DType, y: DType) -> np.ndarray:
    """RSQRT of int8."""
    return rsqrt(steps_of(x), rsqrt_factor(x, y), y)


def comparison_table(x: DType) -> np.ndarray:
    """What numbers of int8 are compared by, int32. Source: ComparisonWithScaling of reference/comparisons.h."""
    (multiplier,), (shift,) = fixed_point([float(scale_of(x))])
    return multiply(steps_of(x) << 8, multiplier, shift, "double").astype(np.int32)


Function = Callable[[np.ndarray], np.ndarray]


def real_table(x: DType, y: DType, function: Function) -> np.ndarray:
    """Any other function of int8 in single precision. Source: PopulateLookupTable of kernels/elu.cc."""
    real = function((scale_of(x) * steps_of(x).astype(np.float32)).astype(np.float32))
    units = round_half_away((real * (np.float32(1) / scale_of(y))).astype(np.float32))
    return np.clip(units.astype(np.float64) + y.zero_point, *y.range).astype(y.numpy)


def elu(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0, expm1(x), x).astype(x.dtype)
