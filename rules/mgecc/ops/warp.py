"""Perspective and affine warps, and remapping by a coordinate map.

On the CPU MegEngine warps NHWC images of 1 to 3 channels with OpenCV's fixed-point coordinates: 1/32 pixel, formed
in double precision. All other images use exact float32 coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.ops import layout
from mgecc.ops.index_items import check_index
from mgecc.ops.known import known_sizes
from mgecc.ops.registry import Operator, operator
from mgecc.ops.resize import cubic_weights, lanczos_weights
from mgecc.ops.sampling import Border, Interpolation, Layout, Sampler, gather, packed, resized_type, sample

_LIMIT = 1 << 30
_STEPS = 32  # of fixed-point coordinates in a pixel
_ONE = 1 << 15  # of weights for bytes
_TAPS = {"cubic": cubic_weights, "lanczos4": lanczos_weights}
_Coordinates = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class WarpAttrs(Attributes):
    """How pixels are read: ``outside`` stands for those past a constant border; ``layout``: of image and result."""

    mode: Interpolation = "linear"
    border: Border = "replicate"
    outside: float = 0.0
    layout: Layout = "nchw"

    @property
    def sampler(self) -> Sampler:
        return Sampler(self.mode, self.border, float(self.outside))


@dataclass(frozen=True)
class RemapAttrs(WarpAttrs):
    """MegEngine computes fewer modes."""

    mode: Literal["nearest", "linear"] = "linear"


def in_fixed_point(node: Node) -> bool:
    """Whether a warp of the node's image has coordinates of 1/32 pixel."""
    return node.attributes(WarpAttrs).layout == "nhwc" and node.inputs[0].shape[-1] in (1, 2, 3)


def _check_mode(mode: str, fixed: bool, x: TensorType) -> None:
    if mode not in _TAPS:
        return
    if not fixed:
        why = f"MegEngine computes warps in mode {mode} of NHWC images with 1 to 3 channels only, not of {x}"
        raise Unsupported(why, "use linear or nearest")
    if x.dtype.name not in ("float32", "float16", "uint8"):
        raise Unsupported(f"warps of {x} in mode {mode} are not served", "cast the image to float32")


def tap_weights(mode: str) -> np.ndarray:
    """Weights (32, k) of the k pixels around each 1/32 of a pixel, float32."""
    return _TAPS[mode](np.arange(_STEPS, dtype=np.float32) / np.float32(_STEPS))


def whole_weights(mode: str) -> np.ndarray:
    """Weights (32, 32, k, k) in 1/32768 of the pixels around each place, as OpenCV rounds them.

    What their sum is short of 1 goes to the largest of four in the middle, what it has too much to the smallest.
    """
    one = tap_weights(mode)
    real = one[:, None, :, None] * one[None, :, None, :]
    weights: np.ndarray = np.clip(np.rint(real * np.float32(_ONE)), -_ONE, _ONE - 1).astype(np.int64)
    middle = one.shape[1] // 2
    excess = weights.sum((2, 3)) - _ONE
    four = weights[:, :, middle : middle + 2, middle : middle + 2].reshape(_STEPS, _STEPS, 4)
    place = np.where(excess < 0, four.argmax(2), four.argmin(2))
    y, x = np.indices(excess.shape)
    weights[y, x, middle + place // 2, middle + place % 2] -= excess
    return weights


def _many_taps(x: np.ndarray, ys: np.ndarray, xs: np.ndarray, sampler: Sampler) -> np.ndarray:
    """Numbers of ``x`` at coordinates of 1/32 pixel by weighted sums of 4 x 4 or 8 x 8 pixels."""
    places = [np.rint(p * _STEPS).astype(np.int64) for p in (ys, xs)]
    (top, left), (down, right) = ([p // _STEPS for p in places], [p % _STEPS for p in places])
    whole = x.dtype == np.uint8
    one = tap_weights(sampler.mode)
    count = one.shape[1]
    table = whole_weights(sampler.mode) if whole else one[:, None, :, None] * one[None, :, None, :]
    border = Sampler("nearest", sampler.border, sampler.outside)
    weights = table[down, right][:, None]
    total = np.zeros((), table.dtype)
    for j in range(count):
        for i in range(count):
            rows, columns = top + (j + 1 - count // 2), left + (i + 1 - count // 2)
            total = total + gather(x, rows, columns, border) * weights[..., j, i]
    return np.clip((total + _ONE // 2) >> 15, 0, 255).astype(np.uint8) if whole else total


def _grid(size: tuple[int, ...], dtype: type) -> _Coordinates:
    """Result coordinates (y, x) as (oh, 1) and (1, ow)."""
    return np.arange(size[0], dtype=dtype)[:, None], np.arange(size[1], dtype=dtype)[None, :]


def _rows(matrix: np.ndarray, dtype: type) -> list[list[np.ndarray]]:
    """Elements of matrices (n, r, 3), each as (n, 1, 1)."""
    m: np.ndarray = matrix.astype(dtype)[..., None, None]
    return [[m[:, i, j] for j in range(3)] for i in range(matrix.shape[1])]


def _rounded(x: np.ndarray) -> np.ndarray:
    """Nearest integers, halves to even, bounded."""
    return np.asarray(np.rint(np.clip(np.nan_to_num(x), -_LIMIT, _LIMIT)).astype(np.int64))


def perspective_coordinates(matrix: np.ndarray, size: tuple[int, ...], steps: int) -> _Coordinates:
    """Source (y, x), each (n, oh, ow): exact in float32 with ``steps`` 0, else to the nearest 1 / ``steps`` pixel."""
    dtype = np.float64 if steps else np.float32
    y, x = _grid(size, dtype)
    column, row, depth = (a * x + b * y + c for a, b, c in _rows(matrix, dtype))
    if not steps:
        return row / depth, column / depth
    scale = np.where(depth != 0, steps / np.where(depth != 0, depth, 1), 0)
    return _rounded(row * scale) / steps, _rounded(column * scale) / steps


def affine_coordinates(matrix: np.ndarray, size: tuple[int, ...], steps: int) -> _Coordinates:
    """Like ``perspective_coordinates``; fixed point adds two terms of 1/1024 pixel and cuts to 1 / ``steps``."""
    dtype = np.float64 if steps else np.float32
    y, x = _grid(size, dtype)
    column, row = _rows(matrix, dtype)
    if not steps:
        return row[0] * x + row[1] * y + row[2], column[0] * x + column[1] * y + column[2]
    unit = 1024 // steps
    found = [
        ((_rounded(1024 * a * x) + _rounded(1024 * (b * y + c)) + unit // 2) // unit) / steps
        for a, b, c in (row, column)
    ]
    return found[0], found[1]


class _Warp(Operator):
    Attributes = WarpAttrs
    rows = 3

    @classmethod
    def infer(cls, node: Node) -> list[TensorType]:
        x, matrix, attrs = node.inputs[0].type, node.inputs[1].type, node.attributes(WarpAttrs)
        _check_mode(attrs.mode, in_fixed_point(node), x)
        images = node.inputs[2].shape if len(node.inputs) == 4 else x.shape[:1]
        if matrix.shape != (*images, cls.rows, 3) or not matrix.dtype.is_float:
            raise Unsupported(f"matrices {matrix} do not fit {list(images)} images")
        return [resized_type(x, attrs.layout, matrix.shape[0], known_sizes(node, -1))]

    @classmethod
    def _coordinates(cls, node: Node, matrix: np.ndarray, steps: int) -> _Coordinates:
        make = perspective_coordinates if cls.rows == 3 else affine_coordinates
        return make(matrix, known_sizes(node, -1), steps)

    @classmethod
    def evaluate(cls, node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(WarpAttrs)
        x = layout.unpack(inputs[0], attrs.layout)
        if len(inputs) == 4:
            check_index(node.inputs[2])
            x = x[inputs[2]]
        steps = (1 if attrs.mode == "nearest" else _STEPS) if in_fixed_point(node) else 0
        # A vanishing depth gives infinite coordinates; they read the border.
        with np.errstate(all="ignore"):
            ys, xs = cls._coordinates(node, inputs[1], steps)
            read = _many_taps if attrs.mode in _TAPS else sample
            values = read(x, ys, xs, attrs.sampler)
        return [packed(values, node.output.type, attrs.layout)]


@operator("WarpPerspective")
class WarpPerspective(_Warp):
    """Inputs x, matrix (n, 3, 3) from result to source, optional image numbers (n), (oh, ow)."""

    operands = "number float integer? plain"
    limits = (
        "float32, float16 or bytes, NCHW and NHWC; cubic and lanczos4 of NHWC with 1 to 3 channels; constant size; "
        "int32 image numbers"
    )

    reads_values = (-1,)


@operator("WarpAffine")
class WarpAffine(_Warp):
    """Inputs x, matrix (n, 2, 3) from result to source, (oh, ow)."""

    operands = "number float plain"
    limits = "float32, float16 or bytes, NCHW and NHWC; cubic and lanczos4 of NHWC with 1 to 3 channels; constant size"

    reads_values = (-1,)
    rows = 2


@operator("Remap")
class Remap(Operator):
    """Inputs x, map (n, oh, ow, 2) of source coordinates (x, y)."""

    Attributes = RemapAttrs
    operands = "number float"
    limits = "float32, float16 or bytes; modes linear and nearest"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, places = node.inputs[0].type, node.inputs[1].type
        if places.rank != 4 or places.shape[3] != 2 or places.shape[0] != x.shape[0]:
            raise Unsupported(f"the map {places} does not fit the image {x}")
        return [resized_type(x, node.attributes(WarpAttrs).layout, x.shape[0], places.shape[1:3])]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(WarpAttrs)
        x = layout.unpack(inputs[0], attrs.layout)
        places = inputs[1].astype(np.float32)
        values = sample(x, places[..., 1], places[..., 0], attrs.sampler)
        return [packed(values, node.output.type, attrs.layout)]
