"""Sums of products in one order: the same bits whatever the processor, its BLAS and the number of threads.

Constants are folded with the reference semantics, so the last bit of a sum ends in a product. BLAS adds in an order
that depends on the processor and on the shapes. Here every sum runs over k from first to last, in double precision:
products of two float32 numbers are exact in it, and the sum is rounded to float32 once.
"""

from __future__ import annotations

import math

import numpy as np

from mgecc.ops.budget import spend

_TILE = 1 << 15
"""Sums that are formed at the same time: what a processor keeps in its second cache."""
_COLUMNS = 1 << 12


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a (..., m, k) times b (..., k, n) as (..., m, n) in the operands' common type; outer axes broadcast.

    The error of a float32 result is half a unit in the last place and k 2^-53 of the sum of absolute products.
    """
    outer = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    (m, k), n = a.shape[-2:], b.shape[-1]
    count = math.prod(outer)
    spend(count * m * n * k)
    left = np.broadcast_to(a, (*outer, m, k)).reshape(count, m, k)
    right = np.broadcast_to(b, (*outer, k, n)).reshape(count, k, n)
    total = np.zeros((count, m, n), np.result_type(a, b))
    wide = np.float64 if total.dtype.kind == "f" else np.int64
    columns = min(n, _COLUMNS) or 1
    rows = min(m, _TILE // columns) or 1
    step = _TILE // (columns * rows)
    with np.errstate(all="ignore"):
        for g in range(0, count, step):
            for j in range(0, n, columns):
                y = (
                    right[g : g + step, None, :, j : j + columns]
                    .transpose(2, 0, 1, 3)
                    .astype(wide, order="C")
                )
                for i in range(0, m, rows):
                    x = (
                        left[g : g + step, i : i + rows, :, None]
                        .transpose(2, 0, 1, 3)
                        .astype(wide, order="C")
                    )
                    total[g : g + step, i : i + rows, j : j + columns] = _sums(x, y)
    return total.reshape(*outer, m, n)


def _sums(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The sum of x[k] * y[k] over k, from first to last, of arrays (k, g, m, 1) and (k, g, 1, n)."""
    total = np.zeros(np.broadcast_shapes(x.shape[1:], y.shape[1:]), x.dtype)
    step = _TILE // (total.size or 1)
    if step < 2:
        product = np.empty_like(total)
        for left, right in zip(x, y):
            np.multiply(left, right, out=product)
            np.add(total, product, out=total)
        return total
    for k in range(0, len(x), step):
        products = x[k : k + step] * y[k : k + step]
        products[0] += total
        # accumulate adds one after the other, where add.reduce would add pairs.
        total = np.add.accumulate(products, axis=0)[-1]
    return total
