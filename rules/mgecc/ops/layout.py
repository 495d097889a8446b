"""Stored layouts of activations and weights as words of letters, and their conversion from and to plain NCHW.

A word names the stored axes from the outermost. Activations: n, c, h, w; weights: g(roup), o(ut), i(n),
h, w. A capital letter is the inner block of the axis of the same small letter: "nchwC" has blocks of channels.
"""

from __future__ import annotations

from math import prod

import numpy as np


def groups(stored: str, plain: str) -> list[list[int]]:
    """For each plain axis the positions of its stored axes: the axis itself, then its inner block."""
    return [[stored.index(x) for x in (axis, axis.upper()) if x in stored] for axis in plain]


def plain_shape(shape: tuple[int, ...], stored: str, plain: str = "nchw") -> tuple[int, ...]:
    """Shape in plain order of a value that is stored with ``shape`` in the layout ``stored``."""
    return tuple(prod(shape[i] for i in group) for group in groups(stored, plain))


def unpack(x: np.ndarray, stored: str, plain: str = "nchw") -> np.ndarray:
    """``x`` in plain order."""
    order = [i for group in groups(stored, plain) for i in group]
    return np.asarray(x.transpose(order).reshape(plain_shape(x.shape, stored, plain)))


def stored_shape(shape: tuple[int, ...], stored: str, block: int, plain: str = "nchw") -> tuple[int, ...]:
    """Shape in the layout ``stored`` with blocks of ``block``, counts rounded up."""
    sizes = {axis: -(-size // block) if axis.upper() in stored else size for axis, size in zip(plain, shape)}
    return tuple(block if axis.isupper() else sizes[axis] for axis in stored)


def pack(x: np.ndarray, stored: str, block: int, plain: str = "nchw", fill: int = 0) -> np.ndarray:
    """Plain ``x`` in the layout ``stored``; lanes past the last channel hold ``fill``."""
    shape = stored_shape(x.shape, stored, block, plain)
    padded = plain_shape(shape, stored, plain)
    missing = [(0, after - before) for before, after in zip(x.shape, padded)]
    if any(after for _, after in missing):
        x = np.pad(x, missing, constant_values=fill)
    order = [i for group in groups(stored, plain) for i in group]
    split = x.reshape([shape[i] for i in order])
    return np.ascontiguousarray(split.transpose(np.argsort(order)))
