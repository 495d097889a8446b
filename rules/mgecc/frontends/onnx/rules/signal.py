"""Fourier transforms by products with constant tables, and weights of mel bands."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from mgecc.frontends.compose import check_table
from mgecc.graph import DType, Unsupported
from mgecc.graph.types import FLOAT32
from mgecc.ops import elementary
from mgecc.ops.known import axis_of

from ..dtypes import dtype_of
from . import OnnxNode, Tensor, TensorBuilder, rule

_LN_10 = 2.302585092994046


def _waves(points: int, length: int, bins: int, sign: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines (points, bins) of the angles 2 pi k n / length; sines with the sign of the exponent."""
    check_table(points, bins, 4)
    steps = np.arange(points)[:, None] * np.arange(bins) % length
    angles = 2 * np.pi / length * np.arange(length)
    return elementary.cos(angles)[steps], sign * elementary.sin(angles)[steps]


def _forward(points: int, length: int, bins: int, parts: int, sign: int = -1) -> np.ndarray:
    """The table (points * parts, bins * 2) from numbers of real or of both parts to complex ones."""
    re, im = _waves(points, length, bins, sign)
    rows = [np.stack([re, im], -1), np.stack([-im, re], -1)][:parts]
    return np.stack(rows, 1).reshape(points * parts, bins * 2)


def _real_inverse(points: int, length: int) -> np.ndarray:
    """The table (points * 2, length) from the first half of a spectrum to the real numbers that it is of."""
    re, im = _waves(points, length, length, 1)
    twice = np.full((points, 1), 2.0)
    twice[0] = 1
    if length % 2 == 0 and points > length // 2:
        twice[length // 2] = 1
    return np.stack([re * twice, -im * twice], 1).reshape(points * 2, length) / length


@rule("MatrixMul", "DFT")
def fourier(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Along one axis of (..., points, ..., 1 or 2 parts), cut or filled with zeros to a stated length."""
    x, stated, axis = node.operand(0), node.optional(1), node.optional(2)
    inverse, one_sided = bool(node.get("inverse", 0)), bool(node.get("onesided", 0))
    place = axis_of(-2 if axis is None else axis.integers[0], x.rank)
    parts = x.shape[-1]
    if place == x.rank - 1 or parts not in (1, 2):
        raise Unsupported(f"data of shape {list(x.shape)} has no transform along axis {place}")
    length = 2 * (x.shape[place] - 1) if inverse and one_sided else x.shape[place]
    length = length if stated is None else stated.integers[0]
    order = [a for a in range(x.rank) if a not in (place, x.rank - 1)] + [place, x.rank - 1]
    turned = t.transpose(x, order)
    bins = length // 2 + 1 if one_sided else length
    most = bins if inverse else length
    turned = t.slice(turned, {x.rank - 2: (0, min(most, turned.shape[-2]), 1)})
    points = turned.shape[-2]
    if inverse:
        table, ending = _inverse(points, length, parts, one_sided)
    else:
        table, ending = _forward(points, length, bins, parts), (bins, 2)
    result = _times(t, turned, table, ending)
    return [t.transpose(result, [order.index(a) for a in range(x.rank)])]


def _inverse(points: int, length: int, parts: int, one_sided: bool) -> tuple[np.ndarray, tuple[int, int]]:
    """The table of the inverse transform, and the shape that a result's two last axes have."""
    if not one_sided:
        return _forward(points, length, length, parts, 1) / length, (length, 2)
    if parts != 2:
        raise Unsupported("the inverse of half a spectrum needs complex numbers")
    return _real_inverse(points, length), (length, 1)


def _times(t: TensorBuilder, x: Tensor, table: np.ndarray, ending: tuple[int, int]) -> Tensor:
    """Numbers (..., points, parts) by a table."""
    outer = x.shape[:-2]
    rows = t.reshape(x, (prod(outer), prod(x.shape[-2:])))
    return t.reshape(t.matmul(rows, t.constant(table.astype(x.dtype.numpy), x.dtype)), (*outer, *ending))


@rule("MatrixMul", "STFT")
def short_time_fourier(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Spectra (batch, frames, bins, 2) of overlapping frames of (batch, length, parts), weighted by a window."""
    x, step, window, size = node.operand(0), node.operand(1).integers[0], node.optional(2), node.optional(3)
    x = t.unsqueeze(x, [2]) if x.rank == 2 else x
    length, parts = x.shape[1:]
    points = size.integers[0] if size is not None else length if window is None else window.elements
    if window is not None and window.elements != points or step < 1 or not 0 < points <= length:
        raise Unsupported(
            f"frames of {points} numbers every {step} do not fit the window and data of {length}"
        )
    bins = points // 2 + 1 if node.get("onesided", 1) else points
    table = _forward(points, points, bins, parts)
    first = np.arange(0, length - points + 1, step)
    check_table(first.size, points)
    frames = t.take(x, 1, t.constant(first[:, None] + np.arange(points)))
    if window is not None and window.array is not None:
        table = table * np.repeat(window.array.astype(np.float64), parts)[:, None]
    elif window is not None:
        frames = t.elemwise("mul", frames, t.reshape(window, (points, 1)))
    return [_times(t, frames, table, (bins, 2))]


@rule("Alloc", "MelWeightMatrix")
def mel_weights(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Triangles over the bins of a spectrum, (length // 2 + 1, bands), in steps of the mel scale."""
    bands, length, rate = (node.operand(k).integers[0] for k in range(3))
    low, high = (float(node.operand(k).known.reshape(-1)[0]) for k in (3, 4))
    check_table(length // 2 + 1, bands)
    dtype = dtype_of(node.get("output_datatype", 1)) if "output_datatype" in node.attrs else FLOAT32
    return [t.constant(_mel(bands, length, rate, low, high, dtype), dtype)]


def _mel(bands: int, length: int, rate: int, low: float, high: float, dtype: DType) -> np.ndarray:
    first, last = 2595 * elementary.log1p(np.array([low, high]) / 700) / _LN_10
    steps = np.arange(bands + 2) * ((last - first) / (bands + 2)) + first
    edges = ((length + 1) * (700 * elementary.expm1(steps / 2595 * _LN_10)) // rate).astype(np.int64)
    weights = np.zeros((length // 2 + 1, bands), dtype.numpy)
    if edges.min() < 0 or edges.max() >= weights.shape[0]:
        raise Unsupported(f"bands from {low} to {high} Hz do not fit a spectrum up to {rate / 2} Hz")
    for band, (left, centre, right) in enumerate(zip(edges, edges[1:], edges[2:])):
        if centre == left:
            weights[centre, band] = 1
        else:
            weights[left : centre + 1, band] = np.arange(centre - left + 1) / (centre - left)
        if right > centre:
            weights[centre:right, band] = np.arange(right - centre, 0, -1) / (right - centre)
    return weights
