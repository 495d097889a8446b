"""NumPy meanings of what the networks are made of: small, and apart from mgecc's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

Array = np.ndarray


Pair = tuple[int, int]


def _windows(x: Array, kernel: Pair, stride: int, pad: Pair, fill: float) -> Iterator[tuple[int, int, Array]]:
    """(row, column, the pixels under that place of the window) for each place in the window; x is NCHW."""
    wide = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in pad)), constant_values=fill)
    rows, columns = ((n + 2 * p - k) // stride + 1 for n, k, p in zip(x.shape[2:], kernel, pad))
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            yield i, j, wide[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]


def convolution(x: Array, w: Array, stride: int, pad: Pair) -> Array:
    """Dense with w (oc, ic, kh, kw), depthwise with w (c, 1, 1, kh, kw); no bias."""
    total: Array | float = 0.0
    for i, j, part in _windows(x, w.shape[-2:], stride, pad, 0):
        if w.ndim == 5:
            total = total + part * w[:, 0, 0, i, j].reshape(1, -1, 1, 1)
        else:
            total = total + np.moveaxis(np.tensordot(w[:, :, i, j], part, ((1,), (1,))), 0, 1)
    return np.asarray(total)


def max_pool(x: Array, kernel: Pair, stride: int, pad: Pair) -> Array:
    return np.max([part for _, _, part in _windows(x, kernel, stride, pad, -np.inf)], axis=0)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "": lambda x: x,
    "RELU": lambda x: np.maximum(x, 0),
    "SIGMOID": sigmoid,
    "SILU": lambda x: x * sigmoid(x),
}


def rounded(x: Array, low: int = -128) -> Array:
    """To the nearest integer, halves away from zero, saturated to 8 bits."""
    return np.clip(np.sign(x) * np.floor(np.abs(x) + 0.5), low, 127)
