"""Changes of image sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.ops.resample import ResampleAttrs
from mgecc.ops.resize import ResizeAttrs, Taps

from ..images import channels_first, channels_last
from . import Tensor, TensorBuilder, TfliteNode, rule


@rule("Resize", "RESIZE_BILINEAR")
def bilinear(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Pixel centres are at halves with ``half_pixel_centers``; else first pixels meet, and last ones if aligned."""
    x, size = node.operand(0), node.operand(1).integers
    if node.get("half_pixel_centers") and not node.get("align_corners"):
        targets = t.constant(np.array(size, np.int32))
        y = t.one("Resize", ResizeAttrs("linear"), channels_first(t, x), targets)
        return [channels_last(t, y)]
    tables = [_between(node, *sizes) for sizes in zip(x.shape[1:3], size)]
    parts = [t.constant(part) for taps in tables for part in (taps.places.astype(np.int32), taps.weights)]
    y = t.one("Resample", ResampleAttrs((2, 3)), channels_first(t, x), *parts)
    return [channels_last(t, y)]


def _positions(node: TfliteNode, source: int, target: int) -> np.ndarray:
    """Source coordinates of the result's pixels, float32."""
    aligned = node.get("align_corners") and target > 1
    scale = (
        np.float32(source - 1) / np.float32(target - 1)
        if aligned
        else np.float32(source) / np.float32(target)
    )
    offset = np.float32(0.5 if node.get("half_pixel_centers") else 0)
    return np.asarray((np.arange(target, dtype=np.float32) + offset) * scale)


def _between(node: TfliteNode, source: int, target: int) -> Taps:
    at = _positions(node, source, target)
    if node.get("half_pixel_centers"):
        at = at - np.float32(0.5)
    first = np.floor(at)
    places = np.clip(np.stack([first, np.ceil(at)], 1).astype(np.int64), 0, source - 1)
    return Taps(places, np.stack([1 - (at - first), at - first], 1).astype(np.float32))


@rule("MeshIndexing", "RESIZE_NEAREST_NEIGHBOR")
def nearest(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Positions are rounded if corners are aligned, else cut off."""
    x, size = node.operand(0), node.operand(1).integers
    for axis, target in enumerate(size, 1):
        at = _positions(node, x.shape[axis], target)
        places = np.floor(at + np.float32(0.5)) if node.get("align_corners") else np.floor(at)
        places = np.clip(places, 0, x.shape[axis] - 1).astype(np.int32)
        x = t.take(x, axis, t.constant(places))
    return [x]
