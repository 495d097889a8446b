"""Pooling of regions of interest by as many samples as the size of each box wants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from mgecc.graph import Attributes, Node, TensorType
from mgecc.graph.attributes import FINITE, NOT_NEGATIVE
from mgecc.ops.counted import box_by_box
from mgecc.ops.registry import Operator, operator
from mgecc.ops.roi import Size, check_boxes, clamped_samples, images_of, pooled_type

_MOST = 1 << 24
"""Samples of a bin along an axis, where boxes are wild."""


@dataclass(frozen=True)
class AdaptiveROIAlignAttrs(Attributes):
    """``size``: bins (h, w) of each box; coordinates times ``scale`` less ``offset``. ``least``: pixels that boxes are
    long at least; 0 for any length."""

    size: Size
    scale: Annotated[float, FINITE] = 1.0
    offset: Annotated[float, FINITE] = 0.0
    mode: Literal["max", "average"] = "max"
    least: Annotated[float, NOT_NEGATIVE] = 0.0


@dataclass(frozen=True)
class _Bins:
    """A box along one axis: where it begins, the length of its bins, and how many samples each of them has."""

    begin: np.float32
    length: np.float32

    @property
    def count(self) -> int:
        whole = np.ceil(self.length)
        return int(min(whole, _MOST)) if whole > 0 else 0

    def places(self, position: int, size: int) -> np.ndarray:
        """Coordinates of the samples of a bin that may lie in an image of ``size`` pixels or a pixel outside."""
        if not self.count:
            return np.zeros(0, np.float32)
        first = self.begin + np.float32(position) * self.length
        step = self.length / np.float32(self.count)
        ends = np.array([-2 - first, size + 2 - first], np.float32) / step
        begin, end = (int(n) for n in np.clip(np.nan_to_num(ends), 0, self.count))
        steps = np.arange(begin, min(end + 1, self.count), dtype=np.float32) + np.float32(0.5)
        part = steps / np.float32(self.count)
        return np.asarray(self.begin + (np.float32(position) + part) * self.length, np.float32)


def _axes(box: np.ndarray, attrs: AdaptiveROIAlignAttrs) -> Iterator[_Bins]:
    """Bins along the height and the width."""
    x1, y1, x2, y2 = box[1:] * np.float32(attrs.scale) - np.float32(attrs.offset)
    for low, high, count in ((y1, y2, attrs.size[0]), (x1, x2, attrs.size[1])):
        length = high - low
        if attrs.least and length < np.float32(attrs.least):
            length = np.float32(attrs.least)
        yield _Bins(low, length / np.float32(count))


def _pooled(values: np.ndarray, count: int, largest: bool) -> np.ndarray:
    """(c) of the samples (c, ...) that may lie in the image; the others of ``count`` are 0."""
    flat = values.reshape(len(values), -1)
    if not largest:
        return np.asarray(flat.sum(1, dtype=np.float64) / max(count, 1))
    return np.asarray(flat.max(1, initial=-np.inf if flat.shape[1] == count > 0 else 0.0))


@operator("AdaptiveROIAlign")
class AdaptiveROIAlign(Operator):
    """As ClampedROIAlign, with a sample for each pixel of a bin's length, rounded up; bins without length are 0.

    Source: RoiAlign of the ONNX standard, sampling_ratio 0.
    """

    Attributes = AdaptiveROIAlignAttrs
    operands = "float number"
    limits = "float32 or float16, NCHW"

    counted = staticmethod(box_by_box)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        check_boxes(node)
        return [pooled_type(node, node.attributes(AdaptiveROIAlignAttrs).size)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, rois = node.attributes(AdaptiveROIAlignAttrs), inputs[1].astype(np.float32)
        images = images_of(inputs[0].astype(np.float32), rois)
        result = np.zeros((*images.shape[:2], *attrs.size))
        for k, image in enumerate(images):
            rows, columns = _axes(rois[k], attrs)
            for i, j in np.ndindex(*attrs.size):
                ys, xs = np.meshgrid(
                    rows.places(i, image.shape[1]), columns.places(j, image.shape[2]), indexing="ij"
                )
                values = clamped_samples(image[None], ys[None], xs[None], attrs.mode == "max")[0]
                result[k, :, i, j] = _pooled(values, rows.count * columns.count, attrs.mode == "max")
        return [result]
