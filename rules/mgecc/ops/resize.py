"""Resizing of images and volumes, one axis after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.ops import layout
from mgecc.ops.counted import item_by_item
from mgecc.ops.elementary import sin
from mgecc.ops.known import check_places, known_sizes
from mgecc.ops.registry import Operator, operator
from mgecc.ops.sampling import Interpolation, Layout, image_shape, packed, resized_type, stored_image

_CUBIC = np.float32(-0.75)


@dataclass(frozen=True)
class ResizeAttrs(Attributes):
    """``layout``: of image and result."""

    mode: Literal[Interpolation, "area"] = "linear"
    layout: Layout = "nchw"


@dataclass(frozen=True)
class Resize3DAttrs(Attributes):
    """``layout``: of volume and result; ``align_corners``: the corner elements meet."""

    layout: Literal["ncdhw", "ndhwc"] = "ncdhw"
    align_corners: bool = False


_FIXED_ONE = 2048
_FIXED_CHANNELS = (1, 3)


@dataclass(frozen=True)
class Taps:
    """For every result element of an axis the source elements (out, k) it is made of, and their weights.

    Weights are float32, or integers in 1/2048.
    """

    places: np.ndarray
    weights: np.ndarray


def _centres(source: int, target: int, aligned: bool) -> np.ndarray:
    """Source coordinates of the result's elements, float32."""
    i = np.arange(target, dtype=np.float32)
    if aligned:
        return np.asarray(i * np.float32((source - 1) / (target - 1) if target > 1 else 0))
    scale = np.float32(target) / np.float32(source)
    return np.asarray((i + np.float32(0.5)) / scale - np.float32(0.5))


def _nearest(source: int, target: int, aligned: bool) -> Taps:
    scale = np.float32(target) / np.float32(source)
    places = np.floor(np.arange(target, dtype=np.float32) / scale).astype(np.int64)
    return Taps(np.minimum(places, source - 1)[:, None], np.ones((target, 1), np.float32))


def _linear(source: int, target: int, aligned: bool) -> Taps:
    at = np.clip(_centres(source, target, aligned), 0, source - 1).astype(np.float32)
    first = np.minimum(np.floor(at).astype(np.int64), max(source - 2, 0))
    part = at - first.astype(np.float32)
    places = np.stack([first, np.minimum(first + 1, source - 1)], 1)
    return Taps(places, np.stack([1 - part, part], 1).astype(np.float32))


def _cubic_weight(distance: np.ndarray) -> np.ndarray:
    """Keys' kernel with a = -0.75."""
    d, a = np.abs(distance), _CUBIC
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.asarray(np.where(d <= 1, near, far).astype(np.float32))


def cubic_weights(part: np.ndarray) -> np.ndarray:
    """Of the four elements around a place that is ``part`` behind the second; the last is what is left of one."""
    three = [_cubic_weight(part - np.float32(k)) for k in (-1, 0, 1)]
    return np.stack([*three, np.float32(1) - three[0] - three[1] - three[2]], 1)


def _cubic(source: int, target: int, aligned: bool) -> Taps:
    at = _centres(source, target, aligned)
    first = np.floor(at)
    places = first.astype(np.int64)[:, None] + np.arange(-1, 3)
    return Taps(np.clip(places, 0, source - 1), cubic_weights(at - first))


def lanczos_weights(part: np.ndarray) -> np.ndarray:
    """Of the eight elements around a place that is ``part`` behind the fourth; their sum is one."""
    away = (part.astype(np.float64)[:, None] + np.arange(3, -5, -1)) * np.pi
    near = np.abs(away) < 1e-6
    safe = np.where(near, 1, away)
    weights = np.where(near, 1, 4 * sin(safe) * sin(safe / 4) / safe**2).astype(np.float32)
    total = np.add.accumulate(weights, 1, np.float32)[:, -1:]
    whole = (part < np.finfo(np.float32).eps)[:, None]
    return np.asarray(
        np.where(whole, np.arange(8) == 3, weights * (np.float32(1) / total)).astype(np.float32)
    )


def _precise(source: int, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Elements before the result's elements and the parts by which those lie behind them, as OpenCV has them."""
    at = ((np.arange(target) + 0.5) * (source / target) - 0.5).astype(np.float32)
    first = np.floor(at)
    return first.astype(np.int64), at - first


def _lanczos(source: int, target: int, aligned: bool) -> Taps:
    first, part = _precise(source, target)
    return Taps(np.clip(first[:, None] + np.arange(-3, 5), 0, source - 1), lanczos_weights(part))


_MODES = {"nearest": _nearest, "linear": _linear, "cubic": _cubic, "lanczos4": _lanczos}


def taps(mode: str, source: int, target: int, aligned: bool = False) -> Taps:
    """How an axis of ``source`` elements becomes one of ``target``; ``aligned`` makes the end elements meet."""
    return _MODES[mode](source, target, aligned)


def apply_taps(x: np.ndarray, axis: int, axis_taps: Taps) -> np.ndarray:
    """``x`` with one axis resized, in the type of the weights; an axis of single taps is only gathered."""
    places, weights = axis_taps.places, axis_taps.weights
    if places.shape[1] == 1:
        return np.take(x, places[:, 0], axis)
    shape = (-1,) + (1,) * (x.ndim - 1 - axis)
    real = x.astype(weights.dtype)
    total = np.take(real, places[:, 0], axis) * weights[:, 0].reshape(shape)
    for k in range(1, places.shape[1]):
        total = total + np.take(real, places[:, k], axis) * weights[:, k].reshape(shape)
    return np.asarray(total)


def is_fixed_point(node: Node) -> bool:
    """Whether MegEngine computes a Resize in integers: images (n, h, w, c) of bytes, gray or of three colours."""
    x, attrs = node.inputs[0], node.attributes(ResizeAttrs)
    image = attrs.layout == "nhwc" and x.type.dtype.name == "uint8"
    return attrs.mode != "nearest" and image and x.shape[3] in _FIXED_CHANNELS


def _fixed_linear(source: int, target: int) -> Taps:
    """Weights are cut off, so that coordinates must be rounded as MegEngine rounds them."""
    step = np.float32(1) / (np.float32(target) / np.float32(source))
    at = (np.arange(target, dtype=np.float32) + np.float32(0.5)) * step - np.float32(0.5)
    at = np.clip(at, 0, source - 1).astype(np.float32)
    first = np.minimum(np.floor(at).astype(np.int64), max(source - 2, 0))
    part = ((at - first.astype(np.float32)) * np.float32(_FIXED_ONE)).astype(np.int64)
    places = np.stack([first, np.minimum(first + 1, source - 1)], 1)
    return Taps(places, np.stack([_FIXED_ONE - part, part], 1))


def _fixed_cubic(source: int, target: int) -> Taps:
    first, part = _precise(source, target)
    return _rounded(np.clip(first[:, None] + np.arange(-1, 3), 0, source - 1), cubic_weights(part))


def _fixed_lanczos(source: int, target: int) -> Taps:
    real = _lanczos(source, target, False)
    return _rounded(real.places, real.weights)


def _rounded(places: np.ndarray, weights: np.ndarray) -> Taps:
    return Taps(places, np.rint(weights * np.float32(_FIXED_ONE)).astype(np.int64))


_FIXED_MODES = {"linear": _fixed_linear, "cubic": _fixed_cubic, "lanczos4": _fixed_lanczos}


def fixed_taps(mode: str, source: int, target: int) -> Taps:
    """``taps`` with weights in 1/2048, as MegEngine rounds them for images of bytes."""
    return _FIXED_MODES[mode](source, target)


def _fixed_point(x: np.ndarray, mode: str, size: Sequence[int]) -> np.ndarray:
    """Exact sums of 32 bits, cut off if linear, else rounded half up."""
    for axis, target in zip((2, 3), size):
        x = apply_taps(x, axis, fixed_taps(mode, x.shape[axis], target))
    half = 0 if mode == "linear" else _FIXED_ONE**2 // 2
    return np.clip((x + half).astype(np.int32) // _FIXED_ONE**2, 0, 255).astype(np.uint8)


def _in_order(x: np.ndarray, rows: Taps, columns: Taps) -> np.ndarray:
    """``x`` with both axes resized by sums in MegEngine's order, row by row, for integers that are rounded next."""
    shape = (-1, 1)
    lines = [
        np.take(x.astype(np.float32), rows.places[:, k], 2) * rows.weights[:, k].reshape(shape)
        for k in range(rows.places.shape[1])
    ]
    total = np.zeros((), np.float32)
    for line in lines:
        for k in range(columns.places.shape[1]):
            total = total + np.take(line, columns.places[:, k], 3) * columns.weights[:, k]
    return total


def interpolation(node: Node) -> str:
    """The mode in which MegEngine's CPU kernels compute a Resize.

    NCHW images have nearest, linear and cubic; NHWC ones are linear unless they are nearest, but for images gray or of
    three colours, which are resized as OpenCV does it.
    """
    attrs, x = node.attributes(ResizeAttrs), node.inputs[0]
    mode, planar = attrs.mode, attrs.layout == "nchw"
    coloured = not planar and x.type.rank == 4 and x.shape[3] in _FIXED_CHANNELS
    if planar and mode not in ("nearest", "linear", "cubic"):
        why = f"MegEngine computes no Resize of NCHW images in mode {mode}"
        raise Unsupported(why, "use nearest, linear or cubic")
    if coloured and mode not in _MODES:
        why = f"the interpolation {mode} of images with {x.shape[3]} channels is not served"
        raise Unsupported(why, f"use {', '.join(_MODES)}")
    return mode if coloured or mode == "nearest" or planar else "linear"


@operator("Resize")
class Resize(Operator):
    """Inputs x, (oh, ow): interpolated with pixel centres at halves."""

    Attributes = ResizeAttrs
    operands = "number plain"
    limits = (
        "nearest of any type, others of float32, float16 and bytes; cubic of NCHW, cubic and lanczos4 of NHWC with 1"
        " or 3 channels (in all other places MegEngine computes linear); constant size"
    )
    narrowed = True

    counted = staticmethod(item_by_item)

    reads_values = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, stored = node.inputs[0].type, node.attributes(ResizeAttrs).layout
        interpolation(node)
        return [resized_type(x, stored, image_shape(x, stored)[0], known_sizes(node, 1))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        stored = node.attributes(ResizeAttrs).layout
        x, mode = layout.unpack(inputs[0], stored), interpolation(node)
        size = known_sizes(node, 1)
        if is_fixed_point(node):
            return [packed(_fixed_point(x, mode, size), node.output.type, stored)]
        rows, columns = (taps(mode, source, target) for source, target in zip(x.shape[2:], size))
        if mode != "nearest" and x.dtype.kind in "iu":
            return [packed(_in_order(x, rows, columns), node.output.type, stored)]
        result = apply_taps(apply_taps(x, 2, rows), 3, columns)
        return [packed(result, node.output.type, stored)]


@operator("Resize3D")
class Resize3D(Operator):
    """Inputs x, (od, oh, ow): linear; ``align_corners`` makes the corner elements meet."""

    Attributes = Resize3DAttrs
    operands = "float plain"
    limits = "linear of float32 or float16; constant size"

    reads_values = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, sizes = node.inputs[0].type, known_sizes(node, 1)
        if x.rank != 5 or len(sizes) != 3 or any(n < 1 for n in (*sizes, *x.shape)):
            raise Unsupported(f"a volume {list(x.shape)} cannot be resized to {list(sizes)}")
        for n in sizes:
            check_places(n)
        if node.attributes(Resize3DAttrs).layout == "ndhwc":
            return [x.with_shape((x.shape[0], *sizes, x.shape[4]))]
        return [x.with_shape((*x.shape[:2], *sizes))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, attrs = inputs[0], node.attributes(Resize3DAttrs)
        first = 1 if attrs.layout == "ndhwc" else 2
        for axis, target in enumerate(known_sizes(node, 1), first):
            x = apply_taps(x, axis, taps("linear", x.shape[axis], target, attrs.align_corners))
        return [stored_image(x, node.output.type.dtype)]
