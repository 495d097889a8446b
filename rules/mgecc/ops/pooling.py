"""Pooling and adaptive pooling of (n, c, h, w)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.graph.symbolic import whole
from mgecc.ops.arithmetic import Numbers, store
from mgecc.ops.counted import item_by_item
from mgecc.ops.quantize import round_half_away, saturate
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import CELLS, PADDING, Window, windows

_Cells = tuple[Annotated[int, CELLS], Annotated[int, CELLS]]
_Ends = tuple[Annotated[int, PADDING], Annotated[int, PADDING]]


@dataclass(frozen=True)
class PoolingAttrs(Attributes):
    """Along (h, w): cells of the window, of a step from one to the next, and of padding (before, after).

    ``count_padding``: whether means count cells in the padding, as zeros.
    """

    window: _Cells
    stride: _Cells = (1, 1)
    padding: tuple[_Ends, _Ends] = ((0, 0), (0, 0))
    mode: Literal["max", "average"] = "max"
    count_padding: bool = True

    @property
    def geometry(self) -> Window:
        return Window(self.window, self.stride, (1, 1), self.padding)


@dataclass(frozen=True)
class AdaptivePoolingAttrs(Attributes):
    """What is taken of every window."""

    mode: Literal["max", "average"] = "max"


def _lowest(dtype: DType) -> float:
    return -np.inf if dtype.is_float else dtype.range[0]


def cells(window: Window, size: Sequence[int]) -> np.ndarray:
    """Number of cells inside the data, for every window position (oh, ow)."""
    return np.asarray(windows(np.ones(tuple(size)), window).sum(axis=(-2, -1)))


def _average(x: Numbers, window: Window, divisor: np.ndarray) -> np.ndarray:
    """Stored averages; the mean of stored integers is the stored mean, rounded half away from zero when quantised."""
    dtype = x.dtype
    total = windows(x.stored, window, dtype.zero_point).sum(axis=(-2, -1), dtype=np.float64)
    if not dtype.is_quantized:
        return store(total / divisor, dtype)
    # Padding holds the zero point, which must not be counted when only cells inside the data are.
    outside = window.kernel[0] * window.kernel[1] - divisor
    mean = (total - dtype.zero_point * outside) / divisor
    return saturate(round_half_away(mean), dtype)


def pool(x: Numbers, attrs: PoolingAttrs) -> np.ndarray:
    """Stored numbers of (n, c, h, w) pooled."""
    window = attrs.geometry
    if attrs.mode == "max":
        return np.asarray(windows(x.stored, window, _lowest(x.dtype)).max(axis=(-2, -1)))
    if attrs.count_padding:
        return _average(x, window, np.float64(window.kernel[0] * window.kernel[1]))
    return _average(x, window, cells(window, x.stored.shape[2:]))


def _check_cells(attrs: PoolingAttrs, size: Sequence[int]) -> None:
    """Unsupported when a window lies wholly in the padding and so has no maximum or mean."""
    window = attrs.geometry
    empty = any(p[0] >= k for p, k in zip(window.pad, window.kernel))
    for n, out, (before, _), step in zip(size, window.output_size(size), window.pad, window.stride):
        empty |= (out - 1) * step - before >= n
    if empty and not (attrs.mode == "average" and attrs.count_padding):
        raise Unsupported(f"a window of {window.kernel} lies in the padding {window.pad} alone")


def adaptive_window(size: Sequence[int], target: Sequence[int]) -> Window:
    """The window that makes ``target`` positions of ``size`` cells: the same everywhere, steps rounded down."""
    if len(target) == 1:
        target = (*target, *target)
    if len(target) != 2 or any(t <= 0 or t > n for n, t in zip(size, target)):
        raise Unsupported(f"data of {tuple(size)} cannot be pooled to {tuple(target)}")
    stride = tuple(n // t for n, t in zip(size, target))
    kernel = tuple(n - (t - 1) * s for n, t, s in zip(size, target, stride))
    return Window(kernel, stride, (1, 1), ((0, 0), (0, 0)))


def pooling_of(node: Node) -> PoolingAttrs:
    """What a Pooling or AdaptivePooling computes; Unsupported if its window is not known, or the data no image."""
    x = node.inputs[0].type
    if x.rank != 4:
        raise Unsupported(f"{x} are no images (n, c, h, w)")
    if node.op == "Pooling":
        return node.attributes(PoolingAttrs)
    target = node.inputs[1].const
    if target is None:
        raise Unsupported("the size to pool to is not known before the model runs", "use fixed input shapes")
    window = adaptive_window(x.shape[2:], [whole(t) for t in target.reshape(-1)])
    (kh, kw), (sh, sw) = window.kernel, window.stride
    return PoolingAttrs((kh, kw), (sh, sw), mode=node.attributes(AdaptivePoolingAttrs).mode)


class _Pooling(Operator):
    """What both have."""

    halves = "computed"
    narrowed = True

    counted = staticmethod(item_by_item)

    @staticmethod
    def selects(node: Node) -> bool:
        return pooling_of(node).mode == "max"

    @staticmethod
    def by_channels(node: Node) -> bool:
        return len(node.inputs) == 1

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, attrs = node.inputs[0].type, pooling_of(node)
        _check_cells(attrs, x.shape[2:])
        return [TensorType((*x.shape[:2], *attrs.geometry.output_size(x.shape[2:])), x.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [pool(Numbers(inputs[0], node.inputs[0].type.dtype), pooling_of(node))]


@operator("Pooling")
class Pooling(_Pooling):
    """The largest or the mean of each window; sizes round down."""

    Attributes = PoolingAttrs
    operands = "number"
    limits = (
        "float32, float16 or quantised bytes and 4-bit numbers; (n, c, h, w); quantised windows of at"
        " most 65535 cells"
    )

    @classmethod
    def window(cls, node: Node) -> Window | None:
        return pooling_of(node).geometry


@operator("AdaptivePooling")
class AdaptivePooling(_Pooling):
    """Pooling to a given size; the second input is (oh, ow)."""

    Attributes = AdaptivePoolingAttrs
    operands = "number plain"
    limits = "float32, float16 or quantised bytes and 4-bit numbers; (n, c, h, w); constant size"

    reads_values = (1,)
