"""Inverses, determinants, singular values in one order of operations, for what LAPACK does by the processor's BLAS."""

from __future__ import annotations

import numpy as np

from mgecc.ops.budget import spend
from mgecc.ops.fixed_order import matmul

_SWEEPS = 60
_SMALL = 2.0**-52
_COST = 80
"""Multiply-adds for each element and column: eight sweeps or so."""


def inverse(x: np.ndarray) -> np.ndarray:
    """Inverses of float64 matrices (count, n, n) by Gauss-Jordan elimination; ValueError if one is singular."""
    count, n, _ = x.shape
    spend(4 * n * x.size)
    rows = np.concatenate([x, np.broadcast_to(np.eye(n), x.shape)], axis=2)
    every = np.arange(count)
    for k in range(n):
        pivot = k + np.abs(rows[:, k:, k]).argmax(axis=1)
        rows[every, k], rows[every, pivot] = rows[every, pivot], rows[every, k]
        if not rows[:, k, k].all():
            raise ValueError("a matrix is singular")
        rows[:, k] /= rows[:, k, k, None]
        factors = rows[:, :, k, None].copy()
        factors[:, k] = 0
        rows -= factors * rows[:, None, k]
    return rows[:, :, n:]


def determinant(x: np.ndarray) -> np.ndarray:
    """Determinants of float64 matrices (count, n, n) by Gaussian elimination with row pivots."""
    count, n, _ = x.shape
    spend(n * x.size)
    rows, every, product = x.copy(), np.arange(count), np.ones(count)
    for k in range(n):
        pivot = k + np.abs(rows[:, k:, k]).argmax(axis=1)
        rows[every, k], rows[every, pivot] = rows[every, pivot], rows[every, k]
        product *= np.where(pivot == k, 1, -1) * rows[:, k, k]
        scale = np.where(rows[:, k, k] == 0, 1, rows[:, k, k])
        rows[:, k + 1 :] -= (rows[:, k + 1 :, k] / scale[:, None])[:, :, None] * rows[:, None, k]
    return product


def svd(x: np.ndarray, full: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """u, s, v of float64 matrices (count, m, n) with x = u diag(s) v, s descending; ``full``: u, v are square."""
    if x.shape[1] < x.shape[2]:
        v, s, u = svd(x.swapaxes(1, 2), full)
        return u.swapaxes(1, 2), s, v.swapaxes(1, 2)
    spend(_COST * x.shape[2] * (x.size + x.shape[0] * x.shape[2] ** 2))
    columns, right = _orthogonal_columns(x)
    s = np.sqrt((columns * columns).sum(axis=1))
    order = np.argsort(-s, axis=1, kind="stable")
    s = np.take_along_axis(s, order, 1)
    columns, right = (np.take_along_axis(a, order[:, None], 2) for a in (columns, right))
    bases = [_basis(u, lengths, x.shape[1] if full else x.shape[2]) for u, lengths in zip(columns, s)]
    return np.stack(bases), s, right.swapaxes(1, 2)


def _orthogonal_columns(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(x v, v) with orthogonal columns of both: one-sided Jacobi rotations (Hestenes), disjoint pairs at a time."""
    n = x.shape[2]
    both = np.concatenate([x, np.broadcast_to(np.eye(n), (len(x), n, n))], axis=1)
    circle = np.arange(n + n % 2)
    for _ in range(_SWEEPS):
        turned = False
        for _ in range(len(circle) - 1):
            pairs = np.sort([circle[: len(circle) // 2], circle[: (len(circle) - 1) // 2 : -1]], axis=0)
            turned |= _rotate(both, x.shape[1], pairs[:, pairs[1] < n])
            circle[1:] = np.roll(circle[1:], 1)
        if not turned:
            break
    return both[:, : x.shape[1]], both[:, x.shape[1] :]


def _rotate(both: np.ndarray, m: int, pairs: np.ndarray) -> bool:
    """Make these pairs of columns orthogonal in their first m rows; whether there was anything to do."""
    p, q = both[:, :, pairs[0]], both[:, :, pairs[1]]
    a, b = ((side[:, :m] * side[:, :m]).sum(axis=1) for side in (p, q))
    c = (p[:, :m] * q[:, :m]).sum(axis=1)
    skewed = np.abs(c) > _SMALL * np.sqrt(a * b)
    zeta = (b - a) / (2 * np.where(skewed, c, 1))
    tangent = np.where(skewed, np.copysign(1, zeta) / (np.abs(zeta) + np.sqrt(1 + zeta * zeta)), 0)
    cosine = (1 / np.sqrt(1 + tangent * tangent))[:, None]
    sine = cosine * tangent[:, None]
    both[:, :, pairs[0]], both[:, :, pairs[1]] = cosine * p - sine * q, sine * p + cosine * q
    return bool(skewed.any())


def _basis(columns: np.ndarray, lengths: np.ndarray, count: int) -> np.ndarray:
    """``count`` orthonormal vectors: the columns (m, n) over their descending lengths, any where these are 0."""
    known = int((lengths > lengths[0] * _SMALL).sum())
    basis = np.zeros((len(columns), count))
    basis[:, :known] = columns[:, :known] / lengths[:known]
    for k in range(known, count):
        # The unit vector that is farthest from what there is; twice, since the first difference is rounded.
        rest = np.zeros((len(columns), 1))
        rest[(basis * basis).sum(axis=1).argmin()] = 1
        for _ in range(2):
            rest -= matmul(basis, matmul(basis.T, rest))
        basis[:, k] = rest[:, 0] / np.sqrt((rest * rest).sum())
    return basis
