"""Luma and chroma: of three channels, and of images whose chroma has half the size and lies behind the luma."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Unsupported


def _descaled(x: np.ndarray) -> np.ndarray:
    return (x + 8192) >> 14


def to_yuv(x: np.ndarray) -> np.ndarray:
    """Luma and two differences from it; the first channel counts as blue, as in MegEngine."""
    real: np.ndarray = x.astype(np.int64 if x.dtype == np.uint8 else np.float32)
    first, green, last = real[..., 0], real[..., 1], real[..., 2]
    if x.dtype == np.uint8:
        y = _descaled(1868 * first + 9617 * green + 4899 * last)
        u, v = (_descaled(k * (c - y) + (128 << 14)) for k, c in ((8061, first), (14369, last)))
        return np.asarray(np.clip(np.stack([y, u, v], -1), 0, 255).astype(np.uint8))
    a, b, c, d, e = (np.float32(k) for k in (0.114, 0.587, 0.299, 0.492, 0.877))
    y = first * a + green * b + last * c
    return np.stack([y, (first - y) * d + np.float32(0.5), (last - y) * e + np.float32(0.5)], -1)


def from_yuv(x: np.ndarray) -> np.ndarray:
    """What ``to_yuv`` is the inverse of, to rounding."""
    if x.dtype == np.uint8:
        y, u, v = (x[..., k].astype(np.int64) - (128 if k else 0) for k in range(3))
        sums = (y + _descaled(k * u + m * v) for k, m in ((33292, 0), (-6472, -9519), (0, 18678)))
        return np.asarray(np.clip(np.stack(list(sums), -1), 0, 255).astype(np.uint8))
    y, u, v = x[..., 0], x[..., 1] - np.float32(0.5), x[..., 2] - np.float32(0.5)
    a, b, c, d = (np.float32(k) for k in (2.032, -0.395, -0.581, 1.140))
    return np.stack([y + u * a, y + v * c + u * b, y + v * d], -1)


@dataclass(frozen=True)
class Planes:
    """How (n, 3/2 h, w, 1) bytes are luma and chroma, and what (n, h, w, c) bytes they become.

    ``planar``: all of one chroma, then all of the other, else in turn; ``v_first``: the red one is before the blue
    one; ``video``: levels 16 to 235 (BT.601), else 0 to 255.
    """

    colours: str
    planar: bool
    v_first: bool
    video: bool

    @property
    def channels(self) -> int:
        return 1 if self.colours == "gray" else 3

    def shape(self, n: int, rows: int, columns: int) -> tuple[int, int, int, int]:
        """Of the result; Unsupported where the image has no such parts."""
        step = 6 if self.planar else 3
        if rows % step or columns % 2:
            why = f"{rows} rows of {columns} bytes are no luma with chroma of half the size"
            raise Unsupported(why, f"give it a multiple of {step} rows and an even number of columns")
        return n, rows // 3 * 2, columns, self.channels


_FORMATS = {"nv21": (False, True), "nv12": (False, False), "yv12": (True, True), "yu12": (True, False)}
_NAMES = re.compile("(bt601_)?yuv2(rgb|bgr|gray)_(nv21|nv12|yv12|yu12)")


def planes_of(mode: str) -> Planes | None:
    """The mode of CvtColor, None if it is another one."""
    if mode in ("ycrcb2rgb", "ycrcb2bgr"):
        return Planes(mode[-3:], *_FORMATS["nv21"], False)
    found = _NAMES.fullmatch(mode)
    return found and Planes(found[2], *_FORMATS[found[3]], bool(found[1]))


def from_planes(x: np.ndarray, planes: Planes) -> np.ndarray:
    """Bytes (n, h, w, c) of bytes (n, 3/2 h, w, 1)."""
    n, height, width, _ = planes.shape(*x.shape[:3])
    luma = x[:, :height, :, 0].astype(np.int64)
    if planes.colours == "gray":
        return x[:, :height]
    half = (height // 2, width // 2)
    chroma = x[:, height:].reshape((n, 2, *half) if planes.planar else (n, *half, 2)).astype(np.int64)
    parts = np.moveaxis(chroma, 1 if planes.planar else 3, 0)
    parts = np.repeat(np.repeat(parts, 2, 2), 2, 3) - 128
    v, u = parts if planes.v_first else parts[::-1]
    if planes.video:
        y = (luma * 0x0101 * 18997 >> 16) - 1160
        rgb = [(y + 102 * v) >> 6, (y - 25 * u - 52 * v) >> 6, (y + 128 * u) >> 6]
    else:
        rgb = [luma + (359 * v >> 8), luma - ((88 * u + 183 * v) >> 8), luma + (454 * u >> 8)]
    stacked = np.stack(rgb if planes.colours == "rgb" else rgb[::-1], -1)
    return np.asarray(np.clip(stacked, 0, 255).astype(np.uint8))
