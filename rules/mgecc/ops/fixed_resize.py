"""Bilinear interpolation of quantised bytes, as TensorFlow Lite's reference kernels compute it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.graph.attributes import Range
from mgecc.ops.registry import Operator, operator
from mgecc.ops.rescale import Integers

BITS = 10
"""Positions count 2^-10 of a pixel."""
_ONE = 1 << BITS
_MOST = 1 << 14


@dataclass(frozen=True)
class FixedResizeAttrs(Attributes):
    """``size``: of the result (h, w). ``steps``: from one of its pixels to the next, in 1/1024 of one of the source.
    ``centred``: whether positions are those of pixels' centres."""

    size: tuple[Annotated[int, Range(1, _MOST)], Annotated[int, Range(1, _MOST)]]
    steps: tuple[Annotated[int, Range(0, 1 << 24)], Annotated[int, Range(0, 1 << 24)]]
    centred: bool = False

    @property
    def starts(self) -> tuple[int, int]:
        """Positions of the first pixel."""
        first, second = (step // 2 - _ONE // 2 if self.centred else 0 for step in self.steps)
        return first, second


def _between(count: int, step: int, start: int, source: int) -> tuple[Integers, Integers, Integers]:
    """For each result the source pixels before and behind it, and how far it is behind the first."""
    at = start + step * np.arange(count, dtype=np.int64)
    before = np.maximum(at, 0) >> BITS
    return before, np.minimum((at + _ONE - 1) >> BITS, source - 1), at - _ONE * before


@operator("FixedResize")
class FixedResize(Operator):
    """x (n, c, h, w). Source: ResizeBilinearInteger of reference/resize_bilinear.h."""

    Attributes = FixedResizeAttrs
    operands = "number"
    limits = "signed quantised bytes; (n, c, h, w); at most 16384 rows and columns"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, attrs = node.inputs[0].type, node.attributes(FixedResizeAttrs)
        if x.dtype.name != "qint8" or x.rank != 4 or not x.elements:
            raise Unsupported(f"{x} holds no images (n, c, h, w) of signed bytes")
        for count, step, start, source in zip(attrs.size, attrs.steps, attrs.starts, x.shape[2:]):
            if source > _MOST or start + step * (count - 1) >= source * _ONE:
                raise Unsupported(f"{count} results from {source} pixels lie outside of them")
        return [x.with_shape((*x.shape[:2], *attrs.size))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, x = node.attributes(FixedResizeAttrs), inputs[0].astype(np.int64)
        rows, columns = (_between(*axis) for axis in zip(attrs.size, attrs.steps, attrs.starts, x.shape[2:]))
        down, across = rows[2][:, None], columns[2]
        tall = x[:, :, rows[0]] * (_ONE - down) + x[:, :, rows[1]] * down
        sums = tall[..., columns[0]] * (_ONE - across) + tall[..., columns[1]] * across
        half = np.where(sums > 0, 1 << 19, -(1 << 19))
        return [np.sign(sums + half) * (np.abs(sums + half) >> 2 * BITS)]
