"""Requantisation in fewer steps than the reference semantics, where it gives the very same numbers.

By integers alone: a fixed-point multiplier and a shift (Jacob et al. 2018, arXiv:1712.05877, section 2.2). Or by one
factor in single precision and the nearest integer, where the reference has two factors and rounds ties away from zero.

The reference rounds in single precision after each of two multiplications. As a function of the int32 accumulator it is
a step function, and floor(acc * factor / 2^(32 - shift) + 1/2) is the same function if its steps lie between the same
accumulators. So is nearest(float(acc) * factor).
"""

from __future__ import annotations

from functools import cache

import numpy as np

Fixed = tuple[int, int]

# The right shifts of 16-bit numbers that are left after one by `_FIRST` bits: with the last bit rounded, and such that
# saturation in 16 bits is none that a stored number would notice.
_FIRST = 1
USUAL = (
    -3
)  # for which kernels have a shorter end; factors are exact enough with it for scales of 2^-9 to 2^-4
_SHIFTS = {False: (3, 8, 7, 6, 5, 4, 2, 1), True: (3, 7, 6, 5, 4, 2, 1)}
_REACH = 24  # of the search for a step beside the place where exact arithmetic has it


def meaning(sums: np.ndarray, first: np.float32, second: np.float32) -> np.ndarray:
    """Units, not yet limited, of sums as mgecc.ops.arithmetic.finish has them."""
    units = (sums.astype(np.float32) * first * second).astype(np.float64)
    return np.trunc(units + np.copysign(0.5, units)).astype(np.int64)


def _steps(
    first: np.float32, second: np.float32, low: int, high: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Results low + 1 .. high, and for each the least sum that gives it; None if they lie too far out."""
    results = np.arange(low + 1, high + 1, dtype=np.int64)
    exact = (results - 0.5) / (np.float64(first) * np.float64(second))
    if not len(results) or not np.abs(exact).max() < 2**24 - _REACH:
        return None
    sums = np.floor(exact).astype(np.int64)[:, None] + np.arange(-_REACH, _REACH)
    reached = meaning(sums, first, second) >= results[:, None]
    if reached[:, 0].any() or not reached[:, -1].all():
        return None
    return results, sums[np.arange(len(sums)), reached.argmax(axis=1)]


def _bounds(results: np.ndarray, sums: np.ndarray, bits: int) -> tuple[int, int]:
    """Least and largest factor for which sum * factor reaches (result - 1/2) * 2^bits at these sums and not before."""
    least, most = 1, 2**31 - 1
    for result, at in zip(results.tolist(), sums.tolist()):
        wanted = (2 * result - 1) << (bits - 1)
        if at > 0:
            least = max(least, -(-wanted // at))
        elif at < 0:
            most = min(most, wanted // at)
        if at > 1:
            most = min(most, -(-wanted // (at - 1)) - 1)
        elif at < 1:
            least = max(least, wanted // (at - 1) + 1)
    return least, most


@cache
def fixed_factor(first: np.float32, second: np.float32, low: int, high: int, unsigned: bool) -> Fixed | None:
    """Factor and (negative) shift for results of low .. high, relative to the zero point; None if there are none.

    ``first``, ``second``: what sums are multiplied by, one after the other.
    """
    with np.errstate(all="ignore"):
        found = _steps(first, second, low, high)
    if found is None or not np.all((found[0] > 0) == (found[1] > 0)):
        return None
    for shift in _SHIFTS[unsigned]:
        least, most = _bounds(*found, 31 + _FIRST + shift)
        if least <= most:
            return (least + most) // 2, -shift
    return None


def _is_nearest(factors: tuple[np.float32, ...], results: np.ndarray, sums: np.ndarray) -> bool:
    """Whether the nearest integers of sums times these, one after the other, have their steps at these sums."""
    for places, is_reached in ((sums, True), (sums - 1, False)):
        units = places.astype(np.float32)
        for factor in factors:
            units *= factor
        if not np.all((np.rint(units) >= results) == is_reached):
            return False
    return True


@cache
def real_factors(first: np.float32, second: np.float32, low: int, high: int) -> tuple[np.float32, ...]:
    """Factors of a sum whose product's nearest integer is the result: one, or both given ones, or none if neither does.

    They make no sum larger, so that no product is too large for an integer.
    """
    with np.errstate(all="ignore"):
        found = _steps(first, second, low, high)
        if found is None or not 0 < first * second < 1:
            return ()
        results, sums = found
        places = np.concatenate([sums, sums - 1]).astype(np.float64)
        bounds = np.tile(results - 0.5, 2) / places
        is_least = (np.arange(len(places)) < len(sums)) == (places > 0)
        least, most = (bounds[(places != 0) & side] for side in (is_least, ~is_least))
        one = np.float32((least.max(initial=0.0) + most.min(initial=1.0)) / 2)
        alternatives = [(one,), (first, second)]
        return next(
            (alternative for alternative in alternatives if _is_nearest(alternative, results, sums)), ()
        )
