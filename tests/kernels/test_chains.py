"""Chains of 16-bit sums never overflow, whatever the inputs, and together hold all weights."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc.kernels.qconv.chains import split


def _extremes(chain: np.ndarray, positive: bool) -> tuple[int, int]:
    """Least and largest sum over the blocks of a chain (outputs, blocks, four), for the worst inputs."""
    low, high = (0, 127) if positive else (-128, 127)
    products = np.stack([chain * low, chain * high])
    return int(products.min(axis=0).sum(axis=1).min()), int(products.max(axis=0).sum(axis=1).max())


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("spread", [10, 40, 128])
def test_chains_fit_and_hold_all_weights(positive: bool, spread: int) -> None:
    rng = np.random.default_rng(spread)
    for length in (2, 4, 6, 8):
        chain = rng.integers(-spread, min(spread, 127) + 1, (2, length, 4)).astype(np.int32)
        parts = split(chain, positive)
        np.testing.assert_array_equal(sum(parts), chain)
        for part in parts:
            low, high = _extremes(part, positive)
            assert -(2**15) <= low and high < 2**15


def test_the_largest_weights_are_split_to_single_products() -> None:
    assert len(split(np.full((2, 8, 4), -128, np.int32), False)) == 8


def test_small_weights_stay_together() -> None:
    assert len(split(np.full((2, 8, 4), 30, np.int32), True)) == 1
