"""Sums of products run from first to last, whatever the shapes; inverses and singular values need no LAPACK."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc.ops import fixed_order
from mgecc.ops.factorise import inverse, svd
from mgecc.ops.fixed_order import matmul

RNG = np.random.default_rng(0)


def in_order(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    total = np.zeros((a.shape[0], b.shape[1]))
    for k in range(a.shape[1]):
        total += a[:, k : k + 1].astype("f8") * b[k].astype("f8")
    return total.astype(np.result_type(a, b))


@pytest.mark.parametrize("shape", [(1, 5000, 1), (3, 7, 5), (2, 400, 90), (70, 3, 600), (5, 0, 2), (0, 3, 4)])
@pytest.mark.parametrize("tile", [8, 1 << 15])
def test_every_sum_runs_from_first_to_last(shape, tile, monkeypatch):
    monkeypatch.setattr(fixed_order, "_TILE", tile)
    monkeypatch.setattr(fixed_order, "_COLUMNS", tile // 2)
    m, k, n = shape
    a, b = RNG.standard_normal((m, k)).astype("f4"), RNG.standard_normal((k, n)).astype("f4")
    np.testing.assert_array_equal(matmul(a, b), in_order(a, b))


def test_outer_axes_broadcast_and_parts_of_a_product_are_the_same_numbers():
    a, b = RNG.standard_normal((4, 1, 9, 33)).astype("f4"), RNG.standard_normal((5, 33, 6)).astype("f4")
    whole = matmul(a, b)
    assert whole.shape == (4, 5, 9, 6) and whole.dtype == np.float32
    np.testing.assert_allclose(whole, a.astype("f8") @ b.astype("f8"), rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(matmul(a[2, :, 3:5], b[1, :, 2:4]), whole[2, 1, 3:5, 2:4][None])


def test_integers_are_exact():
    a, b = RNG.integers(-(2**31), 2**31, (3, 50)), RNG.integers(-128, 128, (50, 4))
    np.testing.assert_array_equal(matmul(a, b), [[sum(x * y for x, y in zip(r, c)) for c in b.T] for r in a])


def test_inverses_undo_and_singular_matrices_are_told():
    x = RNG.standard_normal((4, 6, 6))
    x[1, 0, 0] = 0
    np.testing.assert_allclose(matmul(inverse(x), x), np.broadcast_to(np.eye(6), x.shape), atol=1e-10)
    with pytest.raises(ValueError, match="singular"):
        inverse(np.ones((2, 3, 3)))


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (1, 4), (2, 1)])
@pytest.mark.parametrize("rank", [0, 1, 9])
@pytest.mark.parametrize("full", [False, True])
def test_singular_values_and_vectors_of_any_rank(shape, rank, full):
    m, n = shape
    x = RNG.standard_normal((2, m, n))
    x = x if rank == 9 else matmul(x[:, :, :rank], x[:, :rank])
    u, s, v = svd(x, full)
    np.testing.assert_allclose(s, np.linalg.svd(x, compute_uv=False), atol=1e-12)
    np.testing.assert_allclose(matmul(u[:, :, : s.shape[1]] * s[:, None], v[:, : s.shape[1]]), x, atol=1e-12)
    for basis in (u.swapaxes(1, 2), v):
        gram = matmul(basis, basis.swapaxes(1, 2))
        np.testing.assert_allclose(gram, np.broadcast_to(np.eye(len(gram[0])), gram.shape), atol=1e-12)
