"""Images and volumes read at computed places, in parts of their size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.ops.registry import Operator, operator
from mgecc.ops.resize import cubic_weights

_FAR = np.float32(1 << 24)
Border = Literal["zeros", "border", "reflection"]


@dataclass(frozen=True)
class GridSampleAttrs(Attributes):
    """``align_corners``: whether -1 and 1 are the centres of the first and last elements, or their outer edges."""

    mode: Literal["nearest", "linear", "cubic"] = "linear"
    border: Border = "zeros"
    align_corners: bool = False

    @property
    def taps(self) -> int:
        """Elements along an axis that make one."""
        return {"nearest": 1, "linear": 2, "cubic": 4}[self.mode]


def _reflected(p: np.ndarray, low: float, high: float) -> np.ndarray:
    """Numbers mirrored at both ends until they lie between them."""
    if high <= low:
        return np.full_like(p, low)
    away, span = p - np.float32(low), np.float32(high - low)
    turns = np.floor(away / span)
    rest = np.clip(away - turns * span, 0, span)
    return np.asarray(np.where(turns % 2 == 0, low + rest, high - rest), np.float32)


def _places(attrs: GridSampleAttrs, grid: np.ndarray, size: int) -> np.ndarray:
    """Places along an axis of ``size``; not a number lies far before it."""
    n = np.float32(size)
    p = (grid + 1) / 2 * (n - 1) if attrs.align_corners else ((grid + 1) * n - 1) / 2
    p = np.asarray(np.clip(np.nan_to_num(p, nan=-_FAR, posinf=_FAR, neginf=-_FAR), -_FAR, _FAR), np.float32)
    p = np.rint(p) if attrs.mode == "nearest" else p
    low, high = (0.0, size - 1.0) if attrs.align_corners else (-0.5, size - 0.5)
    outside = (p < low) | (p > high)
    if attrs.border == "border":
        return np.where(outside, np.clip(p, 0, n - 1), p)
    return np.where(outside, _reflected(p, low, high), p) if attrs.border == "reflection" else p


def _taps(attrs: GridSampleAttrs, p: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Elements (..., taps) around places and their weights."""
    first = np.floor(p)
    index = first[..., None].astype(np.int64) + np.arange(attrs.taps) - (attrs.mode == "cubic")
    weights = _WEIGHTS[attrs.mode]((p - first).astype(np.float32))
    if attrs.border == "zeros":
        weights = np.where((index >= 0) & (index < size), weights, 0)
    elif attrs.border == "reflection":
        period = 2 * size - 2 if attrs.align_corners else 2 * size
        index = index % max(period, 1)
        index = np.minimum(index, (period if attrs.align_corners else period - 1) - index)
    return np.clip(index, 0, size - 1), weights.astype(np.float32)


_WEIGHTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "nearest": lambda part: np.ones((*part.shape, 1), np.float32),
    "linear": lambda part: np.stack([1 - part, part], -1),
    "cubic": lambda part: cubic_weights(part.reshape(-1)).reshape(*part.shape, 4),
}


@operator("GridSample")
class GridSample(Operator):
    """Inputs x (n, c, *size) and places (n, *result size, axes) from -1 to 1, those along the last axis first."""

    Attributes = GridSampleAttrs
    operands = "float float"
    limits = "float32 or float16; two or three axes"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, grid = (v.type for v in node.inputs)
        axes = x.rank - 2
        fits = (
            axes in (2, 3) and grid.rank == x.rank and grid.shape[0] == x.shape[0] and grid.shape[-1] == axes
        )
        if not fits or any(n < 1 for n in x.shape):
            raise Unsupported(f"the places {grid} do not fit the images or volumes {x}")
        return [x.with_shape((*x.shape[:2], *grid.shape[1:-1]))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, grid = (a.astype(np.float32) for a in inputs)
        attrs, size = node.attributes(GridSampleAttrs), x.shape[2:]
        axes = [_taps(attrs, _places(attrs, grid[..., len(size) - 1 - a], n), n) for a, n in enumerate(size)]
        batch = np.arange(len(x)).reshape(-1, *[1] * len(size))
        total = np.zeros(node.output.shape, np.float32)
        for tap in product(range(attrs.taps), repeat=len(size)):
            index = [places[..., k] for k, (places, _) in zip(tap, axes)]
            weight = np.ones(grid.shape[:-1], np.float32)
            for k, (_, weights) in zip(tap, axes):
                weight = weight * weights[..., k]
            spots: tuple[Any, ...] = (batch, slice(None), *index)
            total = total + np.moveaxis(x[spots], -1, 1) * weight[:, None]
        return [total.astype(inputs[0].dtype)]
