"""Gaussian blurs as weighted sums of rows and columns."""

from __future__ import annotations

import numpy as np

from mgecc.graph import Node
from mgecc.ops.image import GaussianBlurAttrs, blur_windows, gaussian_weights
from mgecc.ops.resize import Taps
from mgecc.ops.sampling import BORDERS, Border


def _taps(size: int, window: tuple[int, float], border: Border) -> Taps:
    """Neighbours of every element of an axis; those outside of a constant border weigh nothing."""
    at = np.arange(size)[:, None] + np.arange(window[0]) - window[0] // 2
    weights = np.broadcast_to(gaussian_weights(*window), at.shape).astype(np.float32)
    if border == "constant":
        weights = np.where((at >= 0) & (at < size), weights, np.float32(0))
    return Taps(BORDERS[border](at, size), weights)


def blur_taps(node: Node) -> tuple[Taps, Taps]:
    """Rows and columns of a blur of an image (n, h, w, c)."""
    _, h, w, _ = node.inputs[0].shape
    rows, columns = blur_windows(node)
    border = node.attributes(GaussianBlurAttrs).border
    return _taps(h, rows, border), _taps(w, columns, border)
