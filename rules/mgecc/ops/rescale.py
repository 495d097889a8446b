"""Whole sums to stored numbers by integers alone: a fixed-point factor, a rounding rule, a zero point, limits.

This is how networks of TensorFlow Lite and ONNX state quantised arithmetic. An operator that sums products of stored
numbers has a ``Rescale`` then, and its result is clamp(zero point + round(factor * sum), low, high). Where it has none,
the rule is that of MegEngine (mgecc.ops.quantize). docs/quantisation.md has the formulas with their sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mgecc.graph import DType, Node, Unsupported
from mgecc.graph.attributes import named

Rounding = Literal["double", "single", "half_even", "wide"]
"""How factor * sum becomes an integer.

double: multiply, round to 31 fewer bits with halves up, shift, round halves away from zero (TensorFlow Lite's
reference kernels). single: once, halves up (TensorFlow Lite built with TFLITE_SINGLE_ROUNDING). half_even: once, halves
to even (ONNX). wide: sums of 64 bits by factors of 15, once, halves up (TensorFlow Lite's reference kernels of 16-bit
data). Sums of the others have 32 bits.
"""

Integers = NDArray[np.int64]
GREATEST_FACTOR = 2.0**29
GREATEST_WIDE_FACTOR = 2.0**7


@dataclass(frozen=True)
class Rescale:
    """``factors`` of the sums: one, or one for each output channel. ``low``, ``high``: stored numbers at the ends of
    the result's range, where an activation leaves less of it than the type has."""

    rounding: Rounding
    factors: tuple[float, ...]
    low: int
    high: int

    def __str__(self) -> str:
        first, more = f"{self.factors[0]:.9g}", f" and {len(self.factors) - 1} more"
        return f"{self.rounding}({first}{more if len(self.factors) > 1 else ''}, {self.low}..{self.high})"

    def part(self, start: int, stop: int) -> Rescale:
        """That of some of the output channels."""
        return self if len(self.factors) == 1 else replace(self, factors=self.factors[start:stop])

    @cached_property
    def fixed(self) -> tuple[Integers, Integers]:
        """The factors in fixed point; those of wide sums have multipliers of 15 bits."""
        multipliers, shifts = fixed_point(self.factors)
        return (short_multiplier(multipliers) if self.rounding == "wide" else multipliers), shifts

    def check(self, channels: int, result: DType) -> None:
        """Unsupported unless there are factors for so many channels, and limits within the range of the result."""
        if len(self.factors) not in (1, channels):
            raise Unsupported(f"{len(self.factors)} factors are no factors of {channels} channels")
        greatest = GREATEST_WIDE_FACTOR if self.rounding == "wide" else GREATEST_FACTOR
        if not all(0 <= factor <= greatest for factor in self.factors):
            raise Unsupported("its scales give factors that are negative, too large or no numbers")
        low, high = result.range
        if result.size > 2 or not low <= self.low <= self.high <= high:
            raise Unsupported(f"rescaled numbers from {self.low} to {self.high} are no {result} numbers")

    def apply(self, sums: np.ndarray, result: DType, axis: int = -1) -> np.ndarray:
        """Stored numbers of ``result`` for sums whose channels lie along ``axis``."""
        shape = [1] * sums.ndim
        shape[axis] = len(self.factors)
        multipliers, shifts = (part.reshape(shape) for part in self.fixed)
        rounded = multiply(sums.astype(np.int64), multipliers, shifts, self.rounding)
        return np.clip(rounded + result.zero_point, self.low, self.high).astype(result.numpy)


def greatest(numbers: np.ndarray) -> int:
    """The greatest size of integers, 0 of none."""
    return max(-int(numbers.min(initial=0)), int(numbers.max(initial=0)))


def rescale_of(node: Node) -> Rescale | None:
    """How sums of the node become stored numbers; None where MegEngine's rule holds."""
    found: Rescale | None = named(node.attrs).get("rescale")
    return found


def fixed_point(factors: Sequence[float]) -> tuple[Integers, Integers]:
    """(multipliers of 31 bits, shifts): factor = multiplier * 2^(shift - 31), the mantissa rounded half away from zero.

    Source: QuantizeMultiplier of tensorflow/lite/kernels/internal/quantization_util.cc. Factors below 2^-32 are 0.
    Exact for factors in single precision.
    """
    mantissa, shift = np.frexp(np.asarray(factors, np.float64))
    multiplier, wide = np.floor(mantissa * 2.0**31 + 0.5).astype(np.int64), shift.astype(np.int64)
    carried = multiplier == 1 << 31
    multiplier, wide = np.where(carried, multiplier >> 1, multiplier), wide + carried
    gone = wide < -31
    return np.where(gone, 0, multiplier), np.where(gone, 0, wide)


def short_multiplier(multiplier: Integers) -> Integers:
    """Multipliers of 31 bits rounded to 15, halves up. Source: MultiplyByQuantizedMultiplier of 64-bit integers."""
    return np.asarray(np.minimum((multiplier + (1 << 15)) >> 16, (1 << 15) - 1))


def high_product(a: Integers, b: Integers | int) -> Integers:
    """a * b / 2^31 of 32-bit integers, halves up; the largest integer for the product of the two smallest.

    Source: SaturatingRoundingDoublingHighMul of gemmlowp/fixedpoint/fixedpoint.h, SQRDMULH of Arm.
    """
    return np.asarray(np.minimum((a * b + (1 << 30)) >> 31, (1 << 31) - 1))


def shift_right(x: Integers, count: Integers | int) -> Integers:
    """x / 2^count, halves away from zero. Source: RoundingDivideByPOT of gemmlowp/fixedpoint/fixedpoint.h."""
    mask = (np.int64(1) << count) - 1
    return np.asarray((x >> count) + ((x & mask) > (mask >> 1) + (x < 0)))


def multiply(x: Integers, multiplier: Integers | int, shift: Integers | int, rounding: Rounding) -> Integers:
    """x * multiplier * 2^(shift - 31) of 32-bit integers x, rounded as the rule says; x * 2^shift saturates.
    Wide: x * multiplier * 2^(shift - 15) of 64-bit integers.

    Source of all but half_even: MultiplyByQuantizedMultiplier of tensorflow/lite/kernels/internal/common.cc.
    """
    if rounding == "wide":
        total = 15 - np.asarray(shift, np.int64)
        return np.asarray((x * multiplier + (np.int64(1) << (total - 1))) >> total)
    moved = np.clip(x << np.maximum(shift, 0), -(1 << 31), (1 << 31) - 1)
    down = np.maximum(-np.asarray(shift, np.int64), 0)
    if rounding == "double":
        return shift_right(high_product(moved, multiplier), down)
    product, count = moved * multiplier, 31 + down
    half = np.int64(1) << (count - 1)
    if rounding == "single":
        return np.asarray((product + half) >> count)
    return np.asarray((product + half - 1 + ((product >> count) & 1)) >> count)
