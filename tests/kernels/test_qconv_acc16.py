"""Chains of 16-bit sums never overflow, whatever the inputs, and together hold all weights."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc.kernels.qconv.gemm.gemm_acc16 import max_weight_sum, split, split_runs

_INPUTS = {False: (-128, 127), True: (-64, 63)}  # of inputs that are never negative 64 is taken


def _extremes(chain: np.ndarray, positive: bool) -> tuple[int, int]:
    """Least and largest sum over the blocks of a chain (outputs, blocks, four), for the worst inputs."""
    products = np.stack([chain * bound for bound in _INPUTS[positive]])
    return int(products.min(axis=0).sum(axis=1).min()), int(products.max(axis=0).sum(axis=1).max())


def _fits(chain: np.ndarray, positive: bool) -> bool:
    low, high = _extremes(chain, positive)
    return -(2**15) <= low and high < 2**15


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("spread", [10, 40, 128])
def test_parts_of_a_turn_fit_and_hold_all_weights(positive: bool, spread: int) -> None:
    rng = np.random.default_rng(spread)
    for length in (2, 4, 6, 8):
        turn = rng.integers(-spread, min(spread, 127) + 1, (2, length, 4)).astype(np.int32)
        parts = split(turn, max_weight_sum(positive))
        np.testing.assert_array_equal(sum(parts), turn)
        assert all(_fits(part, positive) for part in parts)


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("spread", [0, 5, 40, 128])
def test_chains_of_turns_fit_and_take_every_input_with_its_weights(positive: bool, spread: int) -> None:
    rng = np.random.default_rng(spread)
    turns = rng.integers(-spread, min(spread, 127) + 1, (130, 2, 4, 4)).astype(np.int32)
    weights, flags = split_runs(turns, max_weight_sum(positive))
    assert len(weights) == len(flags)
    taken, at, chain = np.zeros_like(turns), 0, []
    for weight, flag in zip(weights, flags):
        taken[at] += weight
        chain.append(weight)
        if flag:
            assert _fits(np.concatenate(chain, axis=1), positive)
            chain = []
        at += flag in (0, 1, 7)
    assert at == len(turns)
    assert [flag == 7 for flag in flags] == [False] * (len(flags) - 1) + [True]
    np.testing.assert_array_equal(taken, turns)


def test_the_largest_weights_are_split_to_single_products() -> None:
    assert len(split(np.full((2, 8, 4), -128, np.int32), max_weight_sum(False))) == 8


def test_small_weights_stay_together() -> None:
    assert len(split(np.full((2, 8, 4), 30, np.int32), max_weight_sum(True))) == 1
