"""Pooling and adaptive pooling in every stored layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mgecc.graph import DType, Node, TensorType, Unsupported
from mgecc.graph.sizes import whole
from mgecc.ops import layout
from mgecc.ops.arithmetic import Numbers, store
from mgecc.ops.counted import item_by_item
from mgecc.ops.quantize import round_half_away, saturate
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import Window, window_of, windows


def _lowest(dtype: DType) -> float:
    return -np.inf if dtype.is_float else dtype.range[0]


def cells(window: Window, size: Sequence[int]) -> np.ndarray:
    """Number of cells inside the data, for every window position (oh, ow)."""
    return windows(np.ones(tuple(size)), window).sum(axis=(-2, -1))


def _average(x: Numbers, window: Window, divisor: np.ndarray) -> np.ndarray:
    """Stored averages; the mean of stored integers is the stored mean, rounded half away from zero when quantised."""
    dtype = x.dtype
    total = windows(x.stored, window, dtype.zero_point).sum(axis=(-2, -1), dtype=np.float64)
    if not dtype.is_quantized:
        return store(total / divisor, dtype)
    # Padding holds the zero point, which must not be counted when only cells inside the data are.
    outside = window.kernel[0] * window.kernel[1] - divisor
    mean = (total - dtype.zero_point * outside) / divisor
    return saturate(round_half_away(mean.astype(np.float32)), dtype)


def pool(x: Numbers, window: Window, mode: str) -> np.ndarray:
    """Stored numbers of plain (n, c, h, w) pooled; modes as in the file format."""
    if mode == "MAX":
        return windows(x.stored, window, _lowest(x.dtype)).max(axis=(-2, -1))
    if mode == "AVERAGE":
        return _average(x, window, np.float64(window.kernel[0] * window.kernel[1]))
    return _average(x, window, cells(window, x.stored.shape[2:]))


def _check_cells(window: Window, size: Sequence[int], mode: str) -> None:
    """Unsupported when a window lies wholly in the padding and so has no maximum or mean."""
    empty = any(p[0] >= k for p, k in zip(window.pad, window.kernel))
    for n, out, (before, _), step in zip(size, window.output_size(size), window.pad, window.stride):
        empty |= (out - 1) * step - before >= n
    if empty and mode != "AVERAGE":
        raise Unsupported(f"a window of {window.kernel} lies in the padding {window.pad} alone")


def _plain(node: Node) -> tuple[str, tuple[int, ...]]:
    """Stored layout and plain shape of the data."""
    x = node.inputs[0].shape
    word = layout.word(node.attrs.get("format", "NCHW"), len(x))
    return word, layout.plain_shape(x, word)


def _infer(node: Node, window: Window) -> list[TensorType]:
    if node.attrs["mode"] not in ("MAX", "AVERAGE", "AVERAGE_COUNT_EXCLUDE_PADDING"):
        raise Unsupported(f"the pooling mode {node.attrs['mode']} is not known")
    word, shape = _plain(node)
    _check_cells(window, shape[2:], node.attrs["mode"])
    block = layout.BLOCKS[node.attrs.get("format", "NCHW")]
    output = layout.stored_shape((*shape[:2], *window.output_size(shape[2:])), word, block)
    return [TensorType(output, node.inputs[0].type.dtype)]


def _evaluate(node: Node, x: np.ndarray, window: Window) -> list[np.ndarray]:
    word, _ = _plain(node)
    result = pool(Numbers(layout.unpack(x, word), node.inputs[0].type.dtype), window, node.attrs["mode"])
    return [layout.pack(result, word, layout.BLOCKS[node.attrs.get("format", "NCHW")])]


def _window(attrs: dict[str, Any]) -> Window:
    return window_of(attrs, (whole(attrs["window_h"]), whole(attrs["window_w"])))


def adaptive_window(size: Sequence[int], target: Sequence[int]) -> Window:
    """The window that makes ``target`` positions of ``size`` cells: the same everywhere, steps rounded down."""
    if len(target) == 1:
        target = (*target, *target)
    if len(target) != 2 or any(t <= 0 or t > n for n, t in zip(size, target)):
        raise Unsupported(f"data of {tuple(size)} cannot be pooled to {tuple(target)}")
    stride = tuple(n // t for n, t in zip(size, target))
    kernel = tuple(n - (t - 1) * s for n, t, s in zip(size, target, stride))
    return Window(kernel, stride, (1, 1), ((0, 0), (0, 0)))


def _adaptive(node: Node) -> Window:
    target = node.inputs[1].const
    if target is None:
        raise Unsupported("the size to pool to is not known before the model runs", "use fixed input shapes")
    return adaptive_window(_plain(node)[1][2:], [whole(t) for t in target.reshape(-1)])


@operator("Pooling")
class Pooling(Operator):
    """MAX, AVERAGE (padding counts as zero) or AVERAGE_COUNT_EXCLUDE_PADDING; sizes round down."""

    operands = "number"
    limits = (
        "float32, float16 or quantised bytes and 4-bit numbers; (n, c, h, w); quantised windows of at"
        " most 65535 cells"
    )

    counted = staticmethod(item_by_item)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer(node, _window(node.attrs))

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _evaluate(node, inputs[0], _window(node.attrs))


@operator("AdaptivePooling")
class AdaptivePooling(Operator):
    """Pooling to a given size; the second input is (oh, ow)."""

    operands = "number plain"
    limits = "float32, float16 or quantised bytes and 4-bit numbers; (n, c, h, w); constant size"

    counted = staticmethod(item_by_item)

    reads_values = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer(node, _adaptive(node))

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _evaluate(node, inputs[0], _adaptive(node))
