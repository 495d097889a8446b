"""Conversion of arrays between plain NCHW and the channel-blocked layout NCHWc."""

from __future__ import annotations

import numpy as np


def to_blocked(array: np.ndarray, c: int, fill: float = 0) -> np.ndarray:
    """(n, ch, h, w) as (n, ceil(ch / c), h, w, c); lanes past the last channel hold ``fill``."""
    if c == 1:
        return array
    n, ch, h, w = array.shape
    blocks = -(-ch // c)
    padded = np.full((n, blocks * c, h, w), fill, array.dtype)
    padded[:, :ch] = array
    return np.ascontiguousarray(padded.reshape(n, blocks, c, h, w).transpose(0, 1, 3, 4, 2))


def from_blocked(array: np.ndarray, c: int, channels: int) -> np.ndarray:
    """(n, ceil(ch / c), h, w, c) as (n, channels, h, w); drops the lanes past the last channel."""
    if c == 1:
        return array
    n, blocks, h, w, _ = array.shape
    plain = array.transpose(0, 1, 4, 2, 3).reshape(n, blocks * c, h, w)
    return np.ascontiguousarray(plain[:, :channels])
