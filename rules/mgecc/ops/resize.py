"""Resizing of images and volumes, one axis after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops import layout
from mgecc.ops.known import known_sizes
from mgecc.ops.registry import Operator, operator
from mgecc.ops.sampling import packed, resized_type, stored_image

_CUBIC = np.float32(-0.75)

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
        return i * np.float32((source - 1) / (target - 1) if target > 1 else 0)
    scale = np.float32(target) / np.float32(source)
    return (i + np.float32(0.5)) / scale - np.float32(0.5)


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
    return np.where(d <= 1, near, far).astype(np.float32)


def _cubic(source: int, target: int, aligned: bool) -> Taps:
    at = _centres(source, target, aligned)
    places = np.floor(at).astype(np.int64)[:, None] + np.arange(-1, 3)
    weights = _cubic_weight(at[:, None] - places.astype(np.float32))
    return Taps(np.clip(places, 0, source - 1), weights)


_MODES = {"NEAREST": _nearest, "LINEAR": _linear, "CUBIC": _cubic}


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
    return sum(
        (np.take(real, places[:, k], axis) * weights[:, k].reshape(shape) for k in range(1, places.shape[1])),
        np.take(real, places[:, 0], axis) * weights[:, 0].reshape(shape),
    )


def is_fixed_point(node: Node) -> bool:
    """Whether MegEngine computes a Resize in integers: images (n, h, w, c) of bytes, gray or of three colours."""
    x, interpolates = node.inputs[0], node.attrs["imode"] in ("LINEAR", "CUBIC")
    image = node.attrs["format"] == "NHWC" and x.type.dtype.name == "uint8"
    return interpolates and image and x.shape[3] in _FIXED_CHANNELS


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
    at = (np.arange(target) + 0.5) * (source / target) - 0.5
    first = np.floor(at.astype(np.float32))
    part = at.astype(np.float32) - first
    three = [_cubic_weight(part - np.float32(k)) for k in (-1, 0, 1)]
    weights = np.stack([*three, np.float32(1) - three[0] - three[1] - three[2]], 1) * np.float32(_FIXED_ONE)
    places = first.astype(np.int64)[:, None] + np.arange(-1, 3)
    return Taps(np.clip(places, 0, source - 1), np.rint(weights).astype(np.int64))


def fixed_taps(mode: str, source: int, target: int) -> Taps:
    """``taps`` with weights in 1/2048, as MegEngine rounds them for images of bytes."""
    return _fixed_linear(source, target) if mode == "LINEAR" else _fixed_cubic(source, target)


def _fixed_point(x: np.ndarray, mode: str, size: Sequence[int]) -> np.ndarray:
    """Exact sums, cut off if LINEAR, rounded half up if CUBIC."""
    for axis, target in zip((2, 3), size):
        x = apply_taps(x, axis, fixed_taps(mode, x.shape[axis], target))
    half = _FIXED_ONE**2 // 2 if mode == "CUBIC" else 0
    return np.clip((x + half) // _FIXED_ONE**2, 0, 255).astype(np.uint8)


def _check_mode(mode: str) -> None:
    if mode not in _MODES:
        raise Unsupported(f"the interpolation {mode} is not served", f"use {', '.join(_MODES)}")


@operator("Resize", "ResizeV2", "ResizeV1", "Resize")
class Resize(Operator):
    """Inputs x, (oh, ow): NEAREST, LINEAR or CUBIC with pixel centres at halves."""

    limits = "NEAREST of any type, LINEAR and CUBIC of float32, float16 and bytes; constant size"

    reads_values = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        _check_mode(node.attrs["imode"])
        batch = layout.plain_shape(x.shape, layout.word(node.attrs["format"], x.rank))[0]
        return [resized_type(x, node.attrs["format"], batch, known_sizes(node, 1))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, mode = layout.to_plain(inputs[0], node.attrs["format"]), node.attrs["imode"]
        if is_fixed_point(node):
            fixed = _fixed_point(x, mode, known_sizes(node, 1))
            return [packed(fixed, node.output.type, node.attrs["format"])]
        for axis, target in zip((2, 3), known_sizes(node, 1)):
            x = apply_taps(x, axis, taps(mode, x.shape[axis], target))
        return [packed(x, node.output.type, node.attrs["format"])]


@operator("Resize3D", "Resize3D")
class Resize3D(Operator):
    """Inputs x, (od, oh, ow): LINEAR; 'align_corners' makes the corner elements meet."""

    limits = "LINEAR of float32 or float16; constant size"

    reads_values = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, sizes = node.inputs[0].type, known_sizes(node, 1)
        if (
            node.attrs["imode"] != "LINEAR"
            or x.rank != 5
            or len(sizes) != 3
            or any(n < 1 for n in (*sizes, *x.shape))
        ):
            raise Unsupported(
                f"{node.attrs['imode']} of {list(x.shape)} to {list(sizes)} is not served", "use LINEAR"
            )
        if node.attrs["format"] == "NDHWC":
            return [x.with_shape((x.shape[0], *sizes, x.shape[4]))]
        return [x.with_shape((*x.shape[:2], *sizes))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x = inputs[0]
        first = 1 if node.attrs["format"] == "NDHWC" else 2
        for axis, target in enumerate(known_sizes(node, 1), first):
            x = apply_taps(x, axis, taps("LINEAR", x.shape[axis], target, bool(node.attrs["align_corners"])))
        return [stored_image(x, node.output.type.dtype)]
