"""Inverses and singular values are those of the matrices."""

from __future__ import annotations

import numpy as np
import pytest
from checks import SEEDS, TARGETS, agree, floats, given, results
from mgecc.targets import Target


@TARGETS
@SEEDS
def test_inverse(target: Target, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 20))
    x = floats(rng, *[int(d) for d in rng.integers(1, 4, int(rng.integers(0, 3)))], n, n)
    x += np.eye(n, dtype=np.float32) * np.float32(3) * np.sign(floats(rng, 1))
    x = x[..., rng.permutation(n), :]
    wide = x.astype(np.float64)
    # What one rounding of the numbers of x alone can change, times a few.
    bound = (np.linalg.cond(wide) * np.abs(np.linalg.inv(wide)).max(axis=(-2, -1))).max()
    agree("MatrixInverse", {}, [given(x)], target, rtol=1e-5, atol=1e-6 * float(bound))


@TARGETS
def test_inverse_needs_pivots(target: Target) -> None:
    x = np.array([[0, 2, 0], [1e-7, 1, 3], [4, 0, 1]], np.float32)
    agree("MatrixInverse", {}, [given(x)], target)


def decomposed(x: np.ndarray, full: bool, target: Target) -> None:
    """The vectors are orthonormal, and with the values they make up ``x``."""
    attrs = {"compute_uv": True, "full_matrices": full}
    wanted, ((u, s, v),) = results("SVD", attrs, [given(x)], target)
    size = float(np.abs(x).max()) + 1e-30
    k = s.shape[-1]
    np.testing.assert_allclose(s, wanted[1], rtol=1e-5, atol=3e-6 * size)
    np.testing.assert_allclose((u[..., :k] * s[..., None, :]) @ v[..., :k, :], x, atol=2e-5 * size)
    for basis in (u.swapaxes(-1, -2), v):
        unit = np.broadcast_to(np.eye(basis.shape[-2]), (*basis.shape[:-1], basis.shape[-2]))
        np.testing.assert_allclose(basis @ basis.swapaxes(-1, -2), unit, atol=2e-5)


@TARGETS
@SEEDS
@pytest.mark.parametrize("full", [False, True])
def test_decomposition(target: Target, seed: int, full: bool) -> None:
    rng = np.random.default_rng(seed)
    m, n = (int(d) for d in rng.integers(1, 16, 2))
    outer = [int(d) for d in rng.integers(1, 4, int(rng.integers(0, 3)))]
    decomposed(floats(rng, *outer, m, n) * np.float32(10.0 ** rng.integers(-15, 15)), full, target)


@TARGETS
@SEEDS
@pytest.mark.parametrize("full", [False, True])
def test_decomposition_of_lower_rank(target: Target, seed: int, full: bool) -> None:
    rng = np.random.default_rng(seed)
    m, n = (int(d) for d in rng.integers(2, 12, 2))
    rank = int(rng.integers(0, min(m, n)))
    decomposed(floats(rng, m, rank) @ floats(rng, rank, n), full, target)


@TARGETS
@SEEDS
def test_singular_values_alone(target: Target, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = floats(rng, *(int(d) for d in rng.integers(1, 14, 2)))
    agree("SVD", {"compute_uv": False, "full_matrices": False}, [given(x)], target, atol=1e-5)
