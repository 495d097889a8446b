"""Correlation of two feature maps over a neighbourhood of displacements, as used for optical flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import PADDING, Cells, Window, windows


@dataclass(frozen=True)
class CorrelationAttrs(Attributes):
    """Cells along both axes: of the window, of steps between windows, of padding on every side.

    ``reach``: the farthest displacement, ``reach_step``: cells from one displacement to the next.
    """

    window: Cells = 1
    stride: Cells = 1
    padding: Annotated[int, PADDING] = 0
    reach: Annotated[int, PADDING] = 1
    reach_step: Cells = 1
    mode: Literal["product", "difference"] = "product"

    @property
    def displacements(self) -> range:
        farthest = self.reach // self.reach_step * self.reach_step
        return range(-farthest, farthest + 1, self.reach_step)

    @property
    def border(self) -> int:
        """Cells from the edge of the map to the first centre."""
        return self.reach + self.window // 2 - self.padding


def _positions(attrs: CorrelationAttrs, size: Sequence[int]) -> tuple[int, ...]:
    """Rows and columns of the result: centres whose displaced windows stay inside the padded map."""
    return tuple(-(-(n - 2 * attrs.border) // attrs.stride) for n in size)


def _window_sums(plane: np.ndarray, kernel: int) -> np.ndarray:
    if kernel == 1:
        return plane
    window = Window((kernel,) * 2, (1, 1), (1, 1), ((0, 0),) * 2)
    return np.asarray(windows(plane, window).sum(axis=(-2, -1)))


@operator("Correlation")
class Correlation(Operator):
    """(n, c, h, w) twice to (n, displacements^2, oh, ow): mean product, or mean absolute difference."""

    Attributes = CorrelationAttrs
    operands = "float float"
    limits = "NCHW, odd window"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        attrs, (a, b) = node.attributes(CorrelationAttrs), [v.type for v in node.inputs]
        if a != b or a.rank != 4 or not a.dtype.is_float:
            raise Unsupported(f"the correlation of {a} and {b} is not supported")
        if attrs.window % 2 == 0:
            raise Unsupported("correlation needs an odd kernel")
        positions = _positions(attrs, a.shape[2:])
        if min(positions) < 1:
            raise Unsupported("the displacements reach beyond the padded maps")
        return [a.with_shape((a.shape[0], len(attrs.displacements) ** 2, *positions))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(CorrelationAttrs)
        pad, kernel, reach = attrs.padding, attrs.window, attrs.reach
        a, b = (np.pad(x.astype(np.float32), [(0, 0), (0, 0), (pad, pad), (pad, pad)]) for x in inputs)
        rows, cols = (n - 2 * reach for n in a.shape[2:])
        here = a[:, :, reach : reach + rows, reach : reach + cols]
        shifts, planes = attrs.displacements, []
        for dy in shifts:
            for dx in shifts:
                there = b[:, :, reach + dy : reach + dy + rows, reach + dx : reach + dx + cols]
                pairs = here * there if attrs.mode == "product" else np.abs(here - there)
                planes.append(_window_sums(pairs.sum(axis=1), kernel))
        every = np.stack(planes, axis=1)[:, :, :: attrs.stride, :: attrs.stride]
        return [every / (kernel * kernel * a.shape[1])]
