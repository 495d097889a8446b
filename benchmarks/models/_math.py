"""NumPy meanings of what the networks are made of: small, and apart from mgecc's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

Array = np.ndarray


def _windows(x: Array, kernel: int, stride: int, pad: int, fill: float) -> Iterator[tuple[int, int, Array]]:
    """(row, column, the pixels under that corner of the window) for each place in the window; x is NCHW."""
    wide = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=fill)
    rows, columns = ((n + 2 * pad - kernel) // stride + 1 for n in x.shape[2:])
    for i in range(kernel):
        for j in range(kernel):
            yield i, j, wide[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]


def convolution(x: Array, w: Array, stride: int, pad: int) -> Array:
    """Dense with w (oc, ic, k, k), depthwise with w (c, 1, 1, k, k); no bias."""
    parts: list[Array] = []
    for i, j, part in _windows(x, w.shape[-1], stride, pad, 0):
        if w.ndim == 5:
            parts.append(part * w[:, 0, 0, i, j].reshape(1, -1, 1, 1))
        else:
            parts.append(np.moveaxis(np.tensordot(w[:, :, i, j], part, ((1,), (1,))), 0, 1))
        parts = [sum(parts[1:], parts[0])]
    return parts[0]


def max_pool(x: Array, kernel: int, stride: int, pad: int) -> Array:
    parts = [part for _, _, part in _windows(x, kernel, stride, pad, -np.inf)]
    return np.max(parts, axis=0)


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
