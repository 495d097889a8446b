"""Operators of quantised numbers in fixed point, as TensorFlow Lite's reference kernels compute them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.ops.arithmetic import is_stored
from mgecc.ops.counted import one_by_one
from mgecc.ops.fixed_functions import exp_of_negative, reciprocal
from mgecc.ops.known import broadcast_shape
from mgecc.ops.quantize import scale_of
from mgecc.ops.registry import Operator, operator
from mgecc.ops.rescale import Integers, Rescale, fixed_point, high_product, multiply, shift_right

Mode = Literal["add", "sub", "mul", "squared_difference"]
TERM_BITS: dict[Mode, int] = {"add": 20, "sub": 20, "squared_difference": 7}
"""Bits by which terms are finer than stored bytes, of modes that have some."""
_TERM_BITS_OF_SHORT: dict[Mode, int] = {"add": 15, "sub": 15}


def term_bits(mode: Mode, dtype: DType) -> int:
    """Bits by which terms are finer than stored numbers of this type."""
    return (_TERM_BITS_OF_SHORT if dtype.size == 2 else TERM_BITS).get(mode, 0)


def check_bytes(node: Node) -> None:
    """Unsupported unless all operands are quantised bytes."""
    for value in node.inputs:
        if value.type.dtype.name not in ("qint8", "quint8"):
            raise Unsupported(f"{value.type} holds no quantised bytes")


def check_stored(node: Node, result: DType) -> None:
    """Unsupported unless operands and result are all quantised bytes, or all 16-bit numbers with zero point 0."""
    types = [result, *(v.type.dtype for v in node.inputs)]
    if not all(t.is_quantized and is_stored(t) for t in types) or len({t.size for t in types}) > 1:
        raise Unsupported(f"{node.op} of {', '.join(map(str, types[1:]))} numbers cannot give {result} ones")


def from_zero(x: np.ndarray, dtype: DType) -> Integers:
    """Stored numbers as steps from their zero point."""
    return x.astype(np.int64) - dtype.zero_point


@dataclass(frozen=True)
class RescaledArithmeticAttrs(Attributes):
    """``rescale``: of the sum, the difference or the product. ``factors``: of the two terms of a sum before it."""

    mode: Mode
    dtype: DType
    rescale: Rescale
    factors: tuple[float, float] = (1.0, 1.0)


def sum_factors(mode: Mode, a: DType, b: DType, y: DType) -> tuple[tuple[float, float], float]:
    """Factors of both terms and of what is made of them, from the scales of the types.

    Sources: add_common.cc, sub_common.cc, squared_difference.cc and mul_common.cc of TensorFlow Lite Micro, whose
    kernels have them in double precision.
    """
    first, second, result = (float(scale_of(t)) for t in (a, b, y))
    if mode == "mul":
        return (1.0, 1.0), first * second / result
    twice, unit = 2 * max(first, second), 1 << term_bits(mode, y)
    made = (twice / unit) ** 2 if mode == "squared_difference" else twice / unit
    return (first / twice, second / twice), made / result


_LEAST_BITS = 16


def weights_of(attrs: RescaledArithmeticAttrs) -> tuple[int, int, int]:
    """Whole weights of both steps of a sum whose halves go to even, and by how many bits their sum is moved down.

    As many as leave it within 32 bits, so that a product of 64 bits is not needed.
    """
    unit = attrs.rescale.factors[0] * 2.0 ** TERM_BITS[attrs.mode]
    first, second = (factor * unit for factor in attrs.factors)
    room = (2.0**31 - 1) / (256 * (first + second) + 1)
    bits = min(30, int(np.frexp(room)[1]) - 1)  # of infinities and NaN: none
    if bits < _LEAST_BITS:
        raise Unsupported(f"a sum with factors of {first:.9g} and {second:.9g} has no place in 32 bits")
    sign = -1 if attrs.mode == "sub" else 1
    return int(np.rint(first * 2.0**bits)), sign * int(np.rint(second * 2.0**bits)), bits


def is_weighted(attrs: RescaledArithmeticAttrs) -> bool:
    """Whether steps are summed by whole weights, and so rounded once."""
    return attrs.rescale.rounding == "half_even" and attrs.mode in ("add", "sub")


def _weighted(attrs: RescaledArithmeticAttrs, a: Integers, b: Integers) -> np.ndarray:
    first, second, bits = weights_of(attrs)
    total = a * first + b * second
    moved = (total + (1 << (bits - 1)) - 1 + ((total >> bits) & 1)) >> bits
    return np.asarray(np.clip(moved + attrs.dtype.zero_point, attrs.rescale.low, attrs.rescale.high))


@operator("RescaledArithmetic")
class RescaledArithmetic(Operator):
    """ADD, SUB, MUL and SQUARED_DIFFERENCE of two tensors that broadcast.

    Sources: AddElementwise of reference/add.h, kernels/add_common.cc, sub_common.cc, reference/integer_ops/mul.h,
    micro/kernels/squared_difference.cc. Terms of sums are moved up by 20 bits (of 16-bit numbers by 15), of squares by
    7 (by none), and multiplied by their factors, which are less than one. Sums whose halves go to even are rounded once
    (``weights_of``).
    """

    Attributes = RescaledArithmeticAttrs
    operands = "number number"
    limits = "quantised bytes, 16-bit numbers with zero point 0"
    elementwise = True

    counted = staticmethod(one_by_one)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        attrs = node.attributes(RescaledArithmeticAttrs)
        check_stored(node, attrs.dtype)
        if attrs.dtype.size == 2 and is_weighted(attrs):
            raise Unsupported(f"sums of {attrs.dtype} numbers do not round halves to even")
        attrs.rescale.check(1, attrs.dtype)
        replace(attrs.rescale, factors=attrs.factors).check(2, attrs.dtype)
        if attrs.mode != "mul" and max(attrs.factors) > 1:
            raise Unsupported("the terms of a sum have factors above one")
        if is_weighted(attrs):
            weights_of(attrs)
        return [TensorType(broadcast_shape([v.shape for v in node.inputs]), attrs.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(RescaledArithmeticAttrs)
        a, b = (from_zero(x, v.type.dtype) for x, v in zip(inputs, node.inputs))
        if attrs.mode == "mul":
            return [attrs.rescale.apply(a * b, attrs.dtype)]
        if is_weighted(attrs):
            return [_weighted(attrs, a, b)]
        a, b = (
            multiply(x << term_bits(attrs.mode, attrs.dtype), m, s, attrs.rescale.rounding)
            for x, m, s in zip((a, b), *fixed_point(attrs.factors))
        )
        total = a + b if attrs.mode == "add" else a - b
        return [attrs.rescale.apply(total if attrs.mode in ("add", "sub") else total * total, attrs.dtype)]


@dataclass(frozen=True)
class RescaleAttrs(Attributes):
    """``dtype``: of the result. ``rescale``: by one factor, the scale of the operand over that of the result."""

    dtype: DType
    rescale: Rescale


@operator("Rescale")
class RescaleNumbers(Operator):
    """Whole numbers, from their zero point, as stored ones of another scale. Source: reference/requantize.h."""

    Attributes = RescaleAttrs
    operands = "number"
    limits = "integers of up to 32 bits to quantised numbers of 8 and 16"
    elementwise = True

    counted = staticmethod(one_by_one)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, attrs = node.inputs[0].type, node.attributes(RescaleAttrs)
        if x.dtype.is_float or x.dtype.size > 4:
            raise Unsupported(f"{x} holds no whole numbers to rescale")
        attrs.rescale.check(1, attrs.dtype)
        return [x.with_dtype(attrs.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(RescaleAttrs)
        return [attrs.rescale.apply(from_zero(inputs[0], node.inputs[0].type.dtype), attrs.dtype)]


@dataclass(frozen=True)
class RescaledMeanAttrs(RescaleAttrs):
    """``sums``: whether sums are rescaled, and not means."""

    sums: bool = False


def mean_factor(attrs: RescaledMeanAttrs, count: int) -> tuple[int, int]:
    """Multiplier and shift of sums of so many numbers, whose mean is rescaled, or which are themselves.

    Source: QuantizedMeanOrSum of reference/reduce.h: the multiplier is divided by the count, rounding down.
    """
    (multiplier,), (shift,) = attrs.rescale.fixed
    if attrs.sums:
        return int(multiplier), int(shift)
    up = min(count.bit_length() - 1, 32, 31 + int(shift))
    return (int(multiplier) << up) // count, int(shift) - up


@operator("RescaledMean")
class RescaledMean(Operator):
    """MEAN or SUM over height and width of (n, c, h, w), which stay with size 1."""

    Attributes = RescaledMeanAttrs
    operands = "number"
    limits = "quantised bytes, 16-bit numbers with zero point 0; (n, c, h, w)"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, attrs = node.inputs[0].type, node.attributes(RescaledMeanAttrs)
        check_stored(node, attrs.dtype)
        attrs.rescale.check(1, attrs.dtype)
        most = 1 << (23 if x.dtype.size == 1 else 16)
        if x.rank != 4 or not 0 < x.shape[2] * x.shape[3] < most:
            raise Unsupported(f"{x} are no images (n, c, h, w) whose means can be rescaled")
        return [TensorType((*x.shape[:2], 1, 1), attrs.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, x = node.attributes(RescaledMeanAttrs), from_zero(inputs[0], node.inputs[0].type.dtype)
        multiplier, shift = mean_factor(attrs, x.shape[2] * x.shape[3])
        mean = multiply(x.sum(axis=(2, 3), keepdims=True), multiplier, shift, attrs.rescale.rounding)
        low, high = attrs.rescale.low, attrs.rescale.high
        return [np.clip(mean + attrs.dtype.zero_point, low, high).astype(attrs.dtype.numpy)]


@dataclass(frozen=True)
class FixedSoftmaxAttrs(Attributes):
    """``factor``: what a step of the operand is multiplied by before the exponential function, its scale as a rule."""

    dtype: DType
    factor: float


_EXP_BITS, _SUM_BITS = 5, 12  # integer bits of exponents, and of sums of powers


def softmax_factor(factor: float) -> tuple[int, int, int]:
    """Multiplier, shift, and the least difference from the largest number that counts.

    Source: PreprocessSoftmaxScaling and CalculateInputRadius of quantization_util.cc.
    """
    real = min(factor * 2.0 ** (31 - _EXP_BITS), 2.0**31 - 1)
    (multiplier,), (shift,) = fixed_point([real])
    radius = int(((1 << _EXP_BITS) - 1) * 2.0 ** (31 - _EXP_BITS - int(shift)))
    return int(multiplier), int(shift), -radius


def powers_table(factor: float) -> np.ndarray:
    """e^(-d factor) as fractions of 2^31, int32, for differences d = 0 .. 255; 0 for those that do not count."""
    multiplier, shift, least = softmax_factor(factor)
    difference = -np.arange(256, dtype=np.int64)
    counts = difference >= least
    fixed = multiply(np.where(counts, difference, 0), multiplier, shift, "double")
    return np.where(counts, exp_of_negative(fixed, _EXP_BITS), 0).astype(np.int32)


@operator("FixedSoftmax")
class FixedSoftmax(Operator):
    """SOFTMAX over the last axis; results count 1/256 from the lowest stored number. Source: reference/softmax.h.

    A power depends on the difference from the largest number alone, of which there are 256: they come from a table.
    """

    Attributes = FixedSoftmaxAttrs
    operands = "number"
    limits = "quantised bytes; fewer than 4096 numbers along the last axis"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, attrs = node.inputs[0].type, node.attributes(FixedSoftmaxAttrs)
        check_bytes(node)
        if not 2.0**-26 < attrs.factor < 2.0**31 or attrs.dtype.size != 1:
            raise Unsupported(f"{x} numbers times {attrs.factor} have no softmax as {attrs.dtype}")
        if not 0 < x.shape[-1] < 1 << _SUM_BITS:
            raise Unsupported(f"a softmax over {x.shape[-1]} numbers has no place for its sums")
        return [x.with_dtype(attrs.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, x = node.attributes(FixedSoftmaxAttrs), inputs[0].astype(np.int64)
        powers = powers_table(attrs.factor).astype(np.int64)[x.max(axis=-1, keepdims=True) - x]
        sums = shift_right(powers, _SUM_BITS).sum(axis=-1, keepdims=True)
        headroom = 32 - np.frexp(sums.astype(np.float64))[1].astype(np.int64)
        scale = reciprocal(((sums << headroom) & 0xFFFFFFFF) - (1 << 31))
        low, high = attrs.dtype.range
        found = shift_right(high_product(scale, powers), _SUM_BITS - headroom + 31 - 8) + low
        return [np.where(powers > 0, np.clip(found, low, high), low)]
