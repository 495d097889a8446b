"""Inverses, determinants and singular values are those of the matrices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import Arrays, Case, case_of, over
from checks import agree, floats, given, make, on_host, seeds
from mgecc.targets import Target


@on_host
@seeds
def test_inverse(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 20))
    x = floats(rng, *[int(d) for d in rng.integers(1, 4, int(rng.integers(0, 3)))], n, n)
    x += np.eye(n, dtype=np.float32) * np.float32(3) * np.sign(floats(rng, 1))
    x = x[..., rng.permutation(n), :]
    wide = x.astype(np.float64)
    # What one rounding of the numbers of x alone can change, times a few.
    bound = (np.linalg.cond(wide) * np.abs(np.linalg.inv(wide)).max(axis=(-2, -1))).max()
    yield agree("MatrixInverse", {}, [given(x)], rtol=1e-5, atol=1e-6 * float(bound))


@on_host
def test_inverse_needs_pivots(target: Target) -> Iterator[Case]:
    x = np.array([[0, 2, 0], [1e-7, 1, 3], [4, 0, 1]], np.float32)
    yield agree("MatrixInverse", {}, [given(x)])


@on_host
@seeds
def test_determinant(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 12))
    x = floats(rng, *[int(d) for d in rng.integers(1, 4, int(rng.integers(0, 3)))], n, n)
    if seed % 3 == 0:
        x[..., -1] = x[..., 0]
    # Hadamard's bound on determinants of rows so long.
    bound = np.prod(np.linalg.norm(x.astype(np.float64), axis=-1), axis=-1).max()
    yield agree("Determinant", {}, [given(x)], rtol=1e-4, atol=3e-6 * float(bound))


def decomposed(x: np.ndarray, full: bool) -> Case:
    """The vectors are orthonormal, and with the values they make up ``x``."""
    size = float(np.abs(x).max()) + 1e-30

    def compare(got: Arrays, want: Arrays) -> None:
        u, s, v = got
        k = s.shape[-1]
        np.testing.assert_allclose(s, want[1], rtol=1e-5, atol=3e-6 * size)
        np.testing.assert_allclose((u[..., :k] * s[..., None, :]) @ v[..., :k, :], x, atol=2e-5 * size)
        for basis in (u.swapaxes(-1, -2), v):
            unit = np.broadcast_to(np.eye(basis.shape[-2]), (*basis.shape[:-1], basis.shape[-2]))
            np.testing.assert_allclose(basis @ basis.swapaxes(-1, -2), unit, atol=2e-5)

    return case_of(make("SVD", {"compute_uv": True, "full_matrices": full}, [given(x)]), [x], compare)


@on_host
@seeds
@over("full", [False, True])
def test_decomposition(target: Target, seed: int, full: bool) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    m, n = (int(d) for d in rng.integers(1, 16, 2))
    outer = [int(d) for d in rng.integers(1, 4, int(rng.integers(0, 3)))]
    yield decomposed(floats(rng, *outer, m, n) * np.float32(10.0 ** rng.integers(-15, 15)), full)


@on_host
@seeds
@over("full", [False, True])
def test_decomposition_of_lower_rank(target: Target, seed: int, full: bool) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    m, n = (int(d) for d in rng.integers(2, 12, 2))
    rank = int(rng.integers(0, min(m, n)))
    yield decomposed(floats(rng, m, rank) @ floats(rng, rank, n), full)


@on_host
@seeds
def test_singular_values_alone(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    x = floats(rng, *(int(d) for d in rng.integers(1, 14, 2)))
    yield agree("SVD", {"compute_uv": False, "full_matrices": False}, [given(x)], atol=1e-5)
