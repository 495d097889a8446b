"""Convolutions of plain arrays with any number of spatial axes; the results are sums of products, not yet rounded."""

from __future__ import annotations

from math import prod

import numpy as np

from mgecc.ops.budget import check_room
from mgecc.ops.fixed_order import matmul
from mgecc.ops.window import Window, scatter_windows, windows


def contract(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Columns (n, c, *positions, *kernel) and weights (g, o, i, *kernel), c = g i, to (n, g o, *positions)."""
    rank = weights.ndim - 3
    groups, out = weights.shape[:2]
    positions = columns.shape[2 : 2 + rank]
    matrix = weights.reshape(groups, out, -1)
    axes = (0, *range(1 + rank, 1 + 2 * rank), *range(1, 1 + rank))
    check_room(prod(columns.shape[1:]))
    # One batch item at a time bounds the memory of the unrolled windows.
    items = [matmul(matrix, item.transpose(axes).reshape(groups, matrix.shape[2], -1)) for item in columns]
    return np.stack(items).reshape(len(columns), groups * out, *positions)


def convolve(x: np.ndarray, weights: np.ndarray, window: Window) -> np.ndarray:
    """x (n, g i, *size) with weights (g, o, i, *kernel) to (n, g o, *positions)."""
    return contract(windows(x, window), weights)


def convolve_transposed(
    x: np.ndarray, weights: np.ndarray, window: Window, size: tuple[int, ...]
) -> np.ndarray:
    """x (n, g i, *positions) with weights (g, i, o, *kernel) to (n, g o, *size)."""
    groups, inner, out, *kernel = weights.shape
    count, positions = x.shape[0], x.shape[2:]
    rank = len(kernel)
    matrix = weights.reshape(groups, inner, -1).transpose(0, 2, 1)
    columns = matmul(matrix, x.reshape(count, groups, inner, -1))
    columns = columns.reshape(count, groups * out, *kernel, *positions)
    axes = (0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))
    return scatter_windows(columns.transpose(axes), window, size)
