"""Reading planar images (n, c, h, w) between their pixels and past their borders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mgecc.graph import DType, TensorType, Unsupported
from mgecc.ops import layout
from mgecc.ops.known import check_places
from mgecc.ops.quantize import round_half_away
from mgecc.ops.saturating import rounded_half_away

Border = Literal["replicate", "constant", "reflect", "reflect_101", "wrap"]
Interpolation = Literal["nearest", "linear", "cubic", "lanczos4"]
Layout = Literal["nchw", "nhwc"]
_FAR = 1 << 24


def _reflect(i: np.ndarray, n: int) -> np.ndarray:
    i = i % (2 * n)
    return np.asarray(np.minimum(i, 2 * n - 1 - i))


def _reflect_101(i: np.ndarray, n: int) -> np.ndarray:
    period = max(2 * (n - 1), 1)
    i = i % period
    return np.minimum(i, period - i) if n > 1 else np.zeros_like(i)


BORDERS: dict[Border, Callable[[np.ndarray, int], np.ndarray]] = {
    "replicate": lambda i, n: np.clip(i, 0, n - 1),
    "constant": lambda i, n: np.clip(i, 0, n - 1),
    "reflect": _reflect,
    "reflect_101": _reflect_101,
    "wrap": lambda i, n: i % n,
}
"""From any index to one inside of 0 .. n-1; constant needs a mask besides."""


@dataclass(frozen=True)
class Sampler:
    """How to read at real coordinates: interpolation, border rule and the number outside of a constant border."""

    mode: Interpolation
    border: Border
    outside: float = 0.0


def gather(x: np.ndarray, rows: np.ndarray, columns: np.ndarray, sampler: Sampler) -> np.ndarray:
    """Numbers (n, c, ...) of ``x`` at whole coordinates (n, ...), borders by the sampler's rule."""
    height, width = x.shape[2:]
    border = BORDERS[sampler.border]
    batch = np.arange(len(x)).reshape((-1,) + (1,) * (rows.ndim - 1))
    found = np.moveaxis(x[batch, :, border(rows, height), border(columns, width)], -1, 1)
    if sampler.border != "constant":
        return found
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return np.where(inside[:, None], found, found.dtype.type(sampler.outside))


def _whole(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.nan_to_num(x, nan=-_FAR), -_FAR, _FAR).astype(np.int64))


def bilinear(x: np.ndarray, ys: np.ndarray, xs: np.ndarray, sampler: Sampler) -> np.ndarray:
    """float32 numbers (n, c, ...) of ``x`` at real coordinates (n, ...), from their four neighbours."""
    real = x.astype(np.float32)
    top, left = _whole(np.floor(ys)), _whole(np.floor(xs))
    down, right = ((p - w).astype(np.float32)[:, None] for p, w in ((ys, top), (xs, left)))
    one = np.float32(1)
    upper = gather(real, top, left, sampler) * (one - right) + gather(real, top, left + 1, sampler) * right
    lower = gather(real, top + 1, left, sampler) * (one - right)
    lower = lower + gather(real, top + 1, left + 1, sampler) * right
    return np.asarray(upper * (one - down) + lower * down)


def sample(x: np.ndarray, ys: np.ndarray, xs: np.ndarray, sampler: Sampler) -> np.ndarray:
    """Numbers of ``x`` at real coordinates by the sampler's interpolation; nearest rounds half away from zero."""
    if sampler.mode == "nearest":
        rows, columns = (_whole(round_half_away(p)) for p in (ys, xs))
        return gather(x, rows, columns, sampler)
    return bilinear(x, ys, xs, sampler)


def stored_image(values: np.ndarray, dtype: DType) -> np.ndarray:
    """Interpolated numbers as stored; those that were only moved keep their type."""
    return values if values.dtype == dtype.numpy else rounded_half_away(values, dtype)


def image_shape(x: TensorType, stored: Layout) -> tuple[int, ...]:
    """(n, c, h, w) of images; Unsupported for values of another rank."""
    if x.rank != 4:
        raise Unsupported(f"a value of rank {x.rank} cannot have the layout {stored}")
    return layout.plain_shape(x.shape, stored)


def resized_type(x: TensorType, stored: Layout, batch: int, size: tuple[int, ...]) -> TensorType:
    """Type of images after a change of their batch and their size (h, w)."""
    if len(size) != 2 or any(n < 1 for n in size):
        raise Unsupported(f"{list(size)} is not the size of an image")
    for n in size:
        check_places(n)
    _, channels, height, width = image_shape(x, stored)
    if not height or not width:
        raise Unsupported("an image without pixels cannot be resized")
    return x.with_shape(layout.stored_shape((batch, channels, *size), stored, 1))


def packed(values: np.ndarray, like: TensorType, stored: Layout) -> np.ndarray:
    """Planar numbers in another layout, in the type of ``like``."""
    return layout.pack(stored_image(values, like.dtype), stored, 1)
