"""Shorter ways give the results of the operators' meaning, for every sum, wherever a factor is offered."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc.kernels.fixed import fixed_factor, meaning, real_factors

_RANGES = {"signed": (-128, 127, False), "relu": (0, 127, False), "unsigned": (-119, 136, True)}


def _by_integers(sums: np.ndarray, factor: int, shift: int) -> np.ndarray:
    """What simd/requant.h does: the high half of the product, narrowed with saturation, shifted with rounding."""
    units = np.clip((sums * factor) >> 32, -(2**15), 2**15 - 1)
    return (units + (1 << (-shift - 1))) >> -shift


def _by_nearest(sums: np.ndarray, factors: tuple[np.float32, ...]) -> np.ndarray:
    units = sums.astype(np.float32)
    for factor in factors:
        units *= factor
    return np.rint(units).astype(np.int64)


@pytest.mark.parametrize("limits", _RANGES.values(), ids=_RANGES)
def test_all_sums_give_the_same_results(limits: tuple[int, int, bool]) -> None:
    rng = np.random.default_rng(3)
    offered = [0, 0]
    for scale in 2.0 ** rng.uniform(-12, -2, 60):
        first = np.float32(2.0 ** rng.uniform(-14, -4))
        second = np.float32(scale / first)
        found, factors = fixed_factor(first, second, *limits), real_factors(first, second, *limits[:2])
        reach = int(260 / scale)
        sums = np.concatenate([np.arange(-reach, reach), [2**24 - 1, 1 - 2**24, 2**31 - 1, -(2**31)]])
        ways = [_by_integers(sums, *found)] if found else []
        ways += [_by_nearest(sums, factors)] if factors else []
        offered = [offered[0] + (found is not None), offered[1] + len(factors)]
        expected = np.clip(meaning(sums, first, second), *limits[:2])
        for way in ways:
            np.testing.assert_array_equal(np.clip(way, *limits[:2]), expected)
    assert min(offered) > 50


@pytest.mark.parametrize("scale", [2.0**-10, 0.125, 1 / 3 / 2**6])
def test_halves_go_away_from_zero(scale: float) -> None:
    first, second = np.float32(0.5), np.float32(scale * 2)
    found = fixed_factor(first, second, -128, 127, False)
    assert found is not None
    sums = np.arange(-int(120 / scale), int(120 / scale))
    np.testing.assert_array_equal(_by_integers(sums, *found), meaning(sums, first, second))
    factors = real_factors(first, second, -128, 127)
    assert factors
    np.testing.assert_array_equal(_by_nearest(sums, factors), meaning(sums, first, second))


@pytest.mark.parametrize("scale", [0.75, 3.0, 1e-9, float("inf"), float("nan"), 0.0])
def test_scales_out_of_reach_are_left_to_real_numbers(scale: float) -> None:
    assert fixed_factor(np.float32(1), np.float32(scale), -128, 127, False) is None
    assert scale == 0.75 or not real_factors(np.float32(1), np.float32(scale), -128, 127)
