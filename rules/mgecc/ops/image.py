"""Colour conversion, mirroring, rotation and blurring of NHWC images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.graph.attributes import FINITE
from mgecc.ops.elementary import exp
from mgecc.ops.known import check_places
from mgecc.ops.registry import Operator, operator
from mgecc.ops.sampling import BORDERS, Border, stored_image
from mgecc.ops.yuv import from_planes, from_yuv, planes_of, to_yuv

_SIMPLE_TYPES = ("uint8", "float32")


def _image(node: Node, *types: str) -> TensorType:
    x = node.inputs[0].type
    if x.rank != 4 or (types and x.dtype.name not in types):
        raise Unsupported(f"{x} is not an image (n, h, w, c) of {' or '.join(types) or 'numbers'}")
    return x


def _gray(x: np.ndarray) -> np.ndarray:
    """Luma of RGB: weights 4899, 9617, 1868 of 2^14 on bytes, 0.299, 0.587, 0.114 on floats."""
    if x.dtype == np.uint8:
        wide = x.astype(np.int64)
        return np.asarray((((wide[..., :3] * [4899, 9617, 1868]).sum(-1) + 8192) >> 14)[..., None])
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray((x[..., :1] * weights[0] + x[..., 1:2] * weights[1]) + x[..., 2:3] * weights[2])


# mode -> (channels before, channels after, conversion)
_COLOURS: dict[str, tuple[int, int, Callable[[np.ndarray], np.ndarray]]] = {
    "rgb2gray": (3, 1, _gray),
    "bgr2gray": (3, 1, lambda x: _gray(x[..., ::-1])),
    "rgba2gray": (4, 1, _gray),
    "gray2rgb": (1, 3, lambda x: np.repeat(x, 3, -1)),
    "rgba2rgb": (4, 3, lambda x: x[..., :3]),
    "rgba2bgr": (4, 3, lambda x: x[..., 2::-1]),
    "rgb2bgr": (3, 3, lambda x: x[..., ::-1]),
    "bgr2rgb": (3, 3, lambda x: x[..., ::-1]),
    "rgb2yuv": (3, 3, to_yuv),
    "yuv2rgb": (3, 3, from_yuv),
}


@dataclass(frozen=True)
class CvtColorAttrs(Attributes):
    """``mode``: such as rgb2gray, or bt601_yuv2rgb_nv12 for luma with chroma of half the size, see ``planes_of``."""

    mode: str


@dataclass(frozen=True)
class FlipAttrs(Attributes):
    """``vertical``: rows in the opposite order; ``horizontal``: columns."""

    vertical: bool = False
    horizontal: bool = False


@dataclass(frozen=True)
class RotateAttrs(Attributes):
    """Which way a quarter turn goes."""

    clockwise: bool = True


@dataclass(frozen=True)
class GaussianBlurAttrs(Attributes):
    """``window`` (h, w), 0 where it follows from ``sigma`` (y, x); a sigma of 0 from the other or the window."""

    window: tuple[int, int] = (0, 0)
    sigma: tuple[Annotated[float, FINITE], Annotated[float, FINITE]] = (0.0, 0.0)
    border: Border = "replicate"


@operator("CvtColor")
class CvtColor(Operator):
    """Between RGB, BGR, RGBA, gray and YUV; of luma with chroma of half the size bytes only."""

    Attributes = CvtColorAttrs
    operands = "number"
    limits = (
        f"modes {', '.join(sorted(_COLOURS))} of uint8 and float32; yuv2rgb, yuv2bgr, yuv2gray, bt601_yuv2rgb and "
        "bt601_yuv2bgr of uint8 as nv12, nv21, yu12 and yv12"
    )

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, mode = _image(node, *_SIMPLE_TYPES), node.attributes(CvtColorAttrs).mode
        planes = planes_of(mode)
        if planes is not None:
            if x.dtype.name != "uint8" or x.shape[3] != 1:
                raise Unsupported(
                    f"{mode} needs one channel of uint8, not {x}", "give it the bytes of the camera"
                )
            return [x.with_shape(planes.shape(*x.shape[:3]))]
        if mode not in _COLOURS:
            advice = f"convert the image before the model runs, or use {', '.join(sorted(_COLOURS))}"
            raise Unsupported(f"the colour conversion {mode} is not served", advice)
        before, after, _ = _COLOURS[mode]
        if x.shape[3] != before:
            raise Unsupported(f"{mode} needs {before} channels, the image has {x.shape[3]}")
        return [x.with_shape((*x.shape[:3], after))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        mode = node.attributes(CvtColorAttrs).mode
        planes = planes_of(mode)
        return [from_planes(inputs[0], planes) if planes else _COLOURS[mode][2](inputs[0])]


@operator("Flip")
class Flip(Operator):
    """Rows in reverse order where ``vertical``, columns where ``horizontal``."""

    Attributes = FlipAttrs
    operands = "number"
    limits = "images (n, h, w, c)"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [_image(node)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(FlipAttrs)
        axes = (1,) * attrs.vertical + (2,) * attrs.horizontal
        return [np.flip(inputs[0], axes) if axes else inputs[0]]


@operator("Rotate")
class Rotate(Operator):
    """A quarter turn, ``clockwise`` or not."""

    Attributes = RotateAttrs
    operands = "number"
    limits = "images (n, h, w, c)"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = _image(node)
        return [x.with_shape((x.shape[0], x.shape[2], x.shape[1], x.shape[3]))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.rot90(inputs[0], -1 if node.attributes(RotateAttrs).clockwise else 1, (1, 2))]


# Binomial weights that OpenCV takes for small windows without a given sigma.
_SMALL: dict[int, list[float]] = {
    1: [1.0],
    3: [0.25, 0.5, 0.25],
    5: [0.0625, 0.25, 0.375, 0.25, 0.0625],
    7: [0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125],
}


def gaussian_weights(size: int, sigma: float) -> np.ndarray:
    """Weights (size) with sum 1; a sigma that is not positive follows from the size."""
    if sigma <= 0 and size in _SMALL:
        return np.array(_SMALL[size])
    deviation = sigma if sigma > 0 else ((size - 1) * 0.5 - 1) * 0.3 + 0.8
    weights = exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * deviation * deviation))
    return np.asarray(weights / weights.sum())


def blur_windows(node: Node) -> tuple[tuple[int, float], tuple[int, float]]:
    """(height, sigma_y) and (width, sigma_x) of a blur; sizes of 0 follow from the sigmas."""
    attrs = node.attributes(GaussianBlurAttrs)
    sigma_y, sigma_x = attrs.sigma
    sigma_y = sigma_y if sigma_y > 0 else sigma_x
    spread = 3 if node.inputs[0].type.dtype.name == "uint8" else 4
    sizes = []
    for size, sigma in zip(attrs.window, (sigma_y, sigma_x)):
        sizes.append((size or int(np.rint(sigma * spread * 2 + 1)) | 1, max(sigma, 0.0)))
    return sizes[0], sizes[1]


def _blur_axis(x: np.ndarray, axis: int, weights: np.ndarray, border: Border) -> np.ndarray:
    """The weighted sum (float64) of neighbours along an axis."""
    reach = len(weights) // 2
    places = np.arange(x.shape[axis])
    total = np.zeros(x.shape, np.float64)
    for k, weight in enumerate(weights):
        at = places + k - reach
        part = np.take(x, BORDERS[border](at, x.shape[axis]), axis) * weight
        if border == "constant":
            shape = [1] * x.ndim
            shape[axis] = -1
            part = np.where(((at >= 0) & (at < x.shape[axis])).reshape(shape), part, 0)
        total += part
    return total


@operator("GaussianBlur")
class GaussianBlur(Operator):
    """Sums of neighbours in a window, weighted by the density of a normal distribution."""

    Attributes = GaussianBlurAttrs
    operands = "number"
    limits = "images (n, h, w, c) of float32 or uint8"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, windows = _image(node, *_SIMPLE_TYPES), blur_windows(node)
        if any(size % 2 == 0 or size > 1023 for size, _ in windows) or min(x.shape) < 1:
            why = f"a blur by a window of {[size for size, _ in windows]} is not served"
            raise Unsupported(why, "use odd sizes up to 1023")
        for n, (size, _) in zip(x.shape[1:3], windows):
            check_places(n * size)
        return [x]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x = inputs[0].astype(np.float64)
        for axis, (size, sigma) in zip((1, 2), blur_windows(node)):
            x = _blur_axis(x, axis, gaussian_weights(size, sigma), node.attributes(GaussianBlurAttrs).border)
        return [stored_image(x.astype(np.float32), node.output.type.dtype)]
