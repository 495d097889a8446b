"""Pooling of regions of interest: boxes (k, 5) = (image number, x1, y1, x2, y2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.graph.attributes import FINITE, NOT_NEGATIVE, POSITIVE
from mgecc.graph.types import INT32
from mgecc.ops.counted import box_by_box
from mgecc.ops.known import known_sizes
from mgecc.ops.quantize import round_half_away
from mgecc.ops.registry import Operator, operator
from mgecc.ops.sampling import Sampler, bilinear, gather

Size = tuple[Annotated[int, POSITIVE], Annotated[int, POSITIVE]]


@dataclass(frozen=True)
class ROIPoolingAttrs(Attributes):
    """``scale``: from coordinates of boxes to pixels of the data."""

    scale: Annotated[float, FINITE] = 1.0
    mode: Literal["max", "average"] = "max"


@dataclass(frozen=True)
class ROIAlignAttrs(Attributes):
    """``size``: bins (h, w) of each box, each of ``samples`` (h, w); coordinates times ``scale`` less ``offset``."""

    size: Size
    samples: Size = (2, 2)
    scale: Annotated[float, FINITE] = 1.0
    offset: Annotated[float, FINITE] = 0.0
    mode: Literal["max", "average"] = "max"


@dataclass(frozen=True)
class ClampedROIAlignAttrs(ROIAlignAttrs):
    """``least``: pixels that boxes are long at least, those turned around too; 0 for any length."""

    least: Annotated[float, NOT_NEGATIVE] = 0.0


@dataclass(frozen=True)
class DeformablePSROIPoolingAttrs(Attributes):
    """``size``: bins (h, w) of each box, each of ``samples`` x ``samples``; coordinates of boxes times ``scale``.

    ``moved``: whether movements count, of ``parts`` x ``parts`` parts of the box, times ``movement_scale``.
    """

    size: Size
    samples: Annotated[int, POSITIVE]
    parts: Annotated[int, POSITIVE] = 1
    scale: Annotated[float, FINITE] = 1.0
    moved: bool = False
    movement_scale: Annotated[float, FINITE] = 1.0


_ZERO_OUTSIDE = Sampler("linear", "constant")
_EDGE = Sampler("linear", "replicate")


def check_boxes(node: Node) -> None:
    x, rois = node.inputs[0].type, node.inputs[1].type
    if (
        x.rank != 4
        or not x.dtype.is_float
        or rois.rank != 2
        or rois.shape[1] != 5
        or any(n < 1 for n in x.shape)
    ):
        raise Unsupported(f"boxes {rois} do not fit float images {x} in NCHW")


def pooled_type(node: Node, size: Size) -> TensorType:
    """Of bins (h, w) of every box."""
    x, boxes = node.inputs[0].type, node.inputs[1].type
    return x.with_shape((boxes.shape[0], x.shape[1], *size))


def images_of(x: np.ndarray, rois: np.ndarray) -> np.ndarray:
    """The image (k, c, h, w) of every box."""
    numbers = rois[:, 0].astype(np.int64)
    if ((numbers < 0) | (numbers >= len(x))).any():
        raise IndexError(f"a box names an image outside of 0 .. {len(x) - 1}")
    return x[numbers]


def _bins(low: np.ndarray, high: np.ndarray, count: int, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """First and end pixel (k, count) of every bin of boxes that reach from ``low`` to ``high`` inclusive."""
    size = np.maximum(high - low + 1, 1)[:, None] / np.float32(count)
    steps = np.arange(count, dtype=np.float32)
    begin, end = np.floor(steps * size) + low[:, None], np.ceil((steps + 1) * size) + low[:, None]
    return np.clip(begin, 0, limit).astype(np.int64), np.clip(end, 0, limit).astype(np.int64)


def _pool_bin(image: np.ndarray, rows: slice, columns: slice, mode: str) -> tuple[np.ndarray, np.ndarray]:
    """Result (c) of one bin and the flat position of the largest element, -1 for an empty bin."""
    part = image[:, rows, columns].reshape(len(image), -1)
    if not part.size:
        return np.zeros(len(image), np.float32), np.full(len(image), -1)
    if mode == "average":
        return part.mean(1, dtype=np.float64), np.full(len(image), -1)
    best = part.argmax(1)
    width = columns.stop - columns.start
    place = (rows.start + best // width) * image.shape[2] + columns.start + best % width
    return part.max(1), place


@operator("ROIPooling")
class ROIPooling(Operator):
    """Inputs x, boxes, (ph, pw): the largest or the mean of whole pixels; boxes times ``scale`` are rounded."""

    Attributes = ROIPoolingAttrs
    operands = "float number plain"
    limits = "float32 or float16, NCHW; constant size"

    counted = staticmethod(box_by_box)

    reads_values = (2,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        check_boxes(node)
        size = known_sizes(node, 2)
        if len(size) != 2 or any(n < 1 for n in size):
            raise Unsupported(f"{list(size)} are no bins (h, w) of boxes")
        result = pooled_type(node, (size[0], size[1]))
        return [result, result.with_dtype(INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        rois, attrs = inputs[1].astype(np.float32), node.attributes(ROIPoolingAttrs)
        images = images_of(inputs[0].astype(np.float32), rois)
        ph, pw = known_sizes(node, 2)
        x1, y1, x2, y2 = round_half_away(rois[:, 1:] * np.float32(attrs.scale)).T
        rows, columns = _bins(y1, y2, ph, images.shape[2]), _bins(x1, x2, pw, images.shape[3])
        result = np.zeros((*images.shape[:2], ph, pw), np.float32)
        places = np.full(result.shape, -1, np.int32)
        for k, i, j in np.ndindex(len(images), ph, pw):
            area = slice(rows[0][k, i], rows[1][k, i]), slice(columns[0][k, j], columns[1][k, j])
            result[k, :, i, j], places[k, :, i, j] = _pool_bin(images[k], *area, attrs.mode)
        return [result, places]


def _sample_places(low: np.ndarray, high: np.ndarray, bins: int, samples: int) -> np.ndarray:
    """Coordinates (k, bins * samples) of sample points at the centres of equal parts of the bins."""
    size = ((high - low) / np.float32(bins))[:, None]
    step = np.arange(bins * samples, dtype=np.float32)
    whole, part = step // samples, (step % samples + np.float32(0.5)) / np.float32(samples)
    return np.asarray((low[:, None] + (whole + part) * size).astype(np.float32))


@operator("ROIAlign")
class ROIAlign(Operator):
    """Inputs x, boxes: mean or largest of interpolated samples in each bin, and the int32 number of the largest."""

    Attributes = ROIAlignAttrs
    operands = "float number"
    limits = "float32 or float16, NCHW"

    counted = staticmethod(box_by_box)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        check_boxes(node)
        result = pooled_type(node, node.attributes(ROIAlignAttrs).size)
        return [result, result.with_dtype(INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, rois = node.attributes(ROIAlignAttrs), inputs[1].astype(np.float32)
        images, bins, samples = images_of(inputs[0], rois), attrs.size, attrs.samples
        x1, y1, x2, y2 = (rois[:, 1:] * np.float32(attrs.scale) - np.float32(attrs.offset)).T
        ys = _sample_places(y1, y2, bins[0], samples[0])[:, :, None]
        xs = _sample_places(x1, x2, bins[1], samples[1])[:, None, :]
        ys, xs = np.broadcast_arrays(ys, xs)
        return _of_bins(bilinear(images, ys, xs, _ZERO_OUTSIDE), attrs)


def _of_bins(values: np.ndarray, attrs: ROIAlignAttrs) -> list[np.ndarray]:
    """What is made of the samples (k, c, ...) of every bin, and the number of the largest."""
    (ph, pw), (sh, sw), outer = attrs.size, attrs.samples, values.shape[:2]
    split = values.reshape(*outer, ph, sh, pw, sw).transpose(0, 1, 2, 4, 3, 5)
    flat = split.reshape(*outer, ph, pw, -1)
    result = flat.max(-1) if attrs.mode == "max" else flat.mean(-1, dtype=np.float64)
    return [result, flat.argmax(-1)]


def clamped_samples(values: np.ndarray, ys: np.ndarray, xs: np.ndarray, largest: bool) -> np.ndarray:
    """Samples (k, c, ...) of images at places moved into them; nothing of those a pixel or more outside.

    ``largest``: of what the four neighbours add, instead of their sum.
    """
    height, width = values.shape[2:]
    inside = (ys >= -1) & (ys <= height) & (xs >= -1) & (xs <= width)
    y, x = (
        np.clip(np.where(inside, p, 0), 0, n - 1).astype(np.float32) for p, n in ((ys, height), (xs, width))
    )
    if not largest:
        return np.asarray(bilinear(values, y, x, _EDGE) * inside[:, None])
    top, left = np.floor(y), np.floor(x)
    down, right = y - top, x - left
    parts = [
        gather(values, (top + i).astype(np.int64), (left + j).astype(np.int64), _EDGE)
        * ((down if i else 1 - down) * (right if j else 1 - right) * inside)[:, None]
        for i in (0, 1)
        for j in (0, 1)
    ]
    return np.asarray(np.maximum.reduce(parts))


@operator("ClampedROIAlign")
class ClampedROIAlign(ROIAlign):
    """ROIAlign whose samples outside are those of the edge; the largest ones are shares of single pixels."""

    Attributes = ClampedROIAlignAttrs

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, rois = node.attributes(ClampedROIAlignAttrs), inputs[1].astype(np.float32)
        images = images_of(inputs[0].astype(np.float32), rois)
        x1, y1, x2, y2 = (rois[:, 1:] * np.float32(attrs.scale) - np.float32(attrs.offset)).T
        ends = (np.maximum(high, low + np.float32(attrs.least)) for low, high in ((y1, y2), (x1, x2)))
        y2, x2 = ends if attrs.least else (y2, x2)
        ys = _sample_places(y1, y2, attrs.size[0], attrs.samples[0])[:, :, None]
        xs = _sample_places(x1, x2, attrs.size[1], attrs.samples[1])[:, None, :]
        ys, xs = np.broadcast_arrays(ys, xs)
        values = clamped_samples(images, ys, xs, attrs.mode == "max")
        return _of_bins(values, attrs)


def _part_offsets(node: Node, trans: np.ndarray, channels: int) -> np.ndarray:
    """Movement (k, c, 2, ph, pw) of every bin in x and y, as a part of the box."""
    attrs = node.attributes(DeformablePSROIPoolingAttrs)
    if not attrs.moved:
        return np.zeros((len(trans), channels, 2, *attrs.size), np.float32)
    rows, columns = (np.arange(n) * attrs.parts // n for n in attrs.size)
    pairs = trans.reshape(len(trans), -1, 2, *trans.shape[2:])[..., rows[:, None], columns]
    of_class = np.arange(channels) // (channels // pairs.shape[1])
    return np.asarray(pairs[:, of_class].astype(np.float32) * np.float32(attrs.movement_scale))


def _extent(low: np.ndarray, high: np.ndarray, scale: np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Begin and length of boxes on the feature map, pixel edges at halves, at least 0.1 long."""
    begin = round_half_away(low) * scale - np.float32(0.5)
    end = (round_half_away(high) + 1) * scale - np.float32(0.5)
    return begin, np.maximum(end - begin, np.float32(0.1))


def _bin_samples(
    begin: np.ndarray, length: np.ndarray, move: np.ndarray, samples: int, axis: int
) -> np.ndarray:
    """Coordinates (k, c, ph, pw, samples) along one axis; samples stand at the corners of equal parts of a bin."""
    count = move.shape[axis]
    shape = [1, 1, 1, 1]
    shape[axis] = count
    bin_size = (length / np.float32(count)).reshape(-1, 1, 1, 1)
    start = np.arange(count, dtype=np.float32).reshape(shape) * bin_size + begin.reshape(-1, 1, 1, 1)
    start = start + move * length.reshape(-1, 1, 1, 1)
    steps = np.arange(samples, dtype=np.float32) * (bin_size / np.float32(samples))[..., None]
    return np.asarray(start[..., None] + steps)


@operator("DeformablePSROIPooling")
class DeformablePSROIPooling(Operator):
    """Inputs x, boxes, movements (k, 2 classes, part, part): averages of samples in moved bins, and sample counts."""

    Attributes = DeformablePSROIPoolingAttrs
    operands = "float number float"
    limits = "float32 or float16, NCHW"

    counted = staticmethod(box_by_box)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        check_boxes(node)
        attrs = node.attributes(DeformablePSROIPoolingAttrs)
        x, trans, boxes = node.inputs[0].type, node.inputs[2].type, node.inputs[1].shape[0]
        fits = not attrs.moved or (
            trans.rank == 4
            and trans.shape[0] == boxes
            and trans.shape[1] % 2 == 0
            and trans.shape[2:] == (attrs.parts, attrs.parts)
            and x.shape[1] % max(trans.shape[1] // 2, 1) == 0
        )
        if not fits:
            raise Unsupported(f"movements {trans} do not fit {boxes} boxes of {x.shape[1]} channels")
        result = pooled_type(node, attrs.size)
        return [result, result]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, rois = node.attributes(DeformablePSROIPoolingAttrs), inputs[1].astype(np.float32)
        images = images_of(inputs[0].astype(np.float32), rois)
        channels, height, width = images.shape[1:]
        move = _part_offsets(node, inputs[2], channels) if len(images) else np.zeros((0, channels, 2, 1, 1))
        scale, samples = np.float32(attrs.scale), attrs.samples
        xs = _bin_samples(*_extent(rois[:, 1], rois[:, 3], scale), move[:, :, 0], samples, 3)[..., None, :]
        ys = _bin_samples(*_extent(rois[:, 2], rois[:, 4], scale), move[:, :, 1], samples, 2)[..., :, None]
        ys, xs = np.broadcast_arrays(ys, xs)
        inside = (xs >= -0.5) & (xs <= width - 0.5) & (ys >= -0.5) & (ys <= height - 0.5)
        planes = images.reshape(-1, 1, height, width)
        flat = (len(planes), -1)
        rows, columns = np.clip(ys, 0, height - 1).reshape(flat), np.clip(xs, 0, width - 1).reshape(flat)
        values = bilinear(planes, rows, columns, _EDGE).reshape(ys.shape)
        count = inside.sum((-2, -1))
        total = np.where(inside, values, 0).sum((-2, -1), dtype=np.float64)
        return [total / np.maximum(count, 1), count]
