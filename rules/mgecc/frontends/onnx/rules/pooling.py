"""Pooling by windows and of whole images.

Signals are images of height 1; volumes are pooled plane by plane, then along their depth.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod

import numpy as np

from mgecc.frontends.compose import check_table
from mgecc.graph import Unsupported
from mgecc.ops.pooling import PoolingAttrs
from mgecc.ops.window import Window

from ..windows import Ends, Overhang, flat, part, pool_window
from . import OnnxNode, Tensor, TensorBuilder, rule
from .columns import largest_positions

_MOST_TAPS = 4096


@rule("Pooling", "MaxPool")
def max_pool(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    window = pool_window(node, x.shape[2:]).window
    y = _pooled(t, x, window, "max", False)
    return [y, largest_positions(t, x, window, bool(node.get("storage_order", 0)))] if node.wants(1) else [y]


@rule("Pooling", "AveragePool")
def average_pool(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Cells that overhang the padding never count, those of the padding if the file says so."""
    x = node.operand(0)
    over, counts = pool_window(node, x.shape[2:]), bool(node.get("count_include_pad", 0))
    y = _pooled(t, x, over.window, "average", counts)
    if counts and any(over.beyond):
        y = _scaled(t, y, _shares(over, x.shape[2:]))
    return [y]


def _shares(over: Overhang, size: Sequence[int]) -> np.ndarray:
    """Cells of a window by those of them that lie in data and padding, for every position."""
    return prod(over.window.kernel) / _cells(over.window, size, over.stated.pad)


def _cells(window: Window, size: Sequence[int], pad: Sequence[Ends]) -> np.ndarray:
    """How many cells of a window lie in data of ``size`` with ``pad`` around it, for every position."""
    found = np.ones((1,) * len(size))
    for axis, count in enumerate(window.output_size(size)):
        check_table(count, window.kernel[axis])
        first = np.arange(count) * window.stride[axis] - window.pad[axis][0]
        places = first[:, None] + np.arange(window.kernel[axis]) * window.dilate[axis]
        inside = (places >= -pad[axis][0]) & (places < size[axis] + pad[axis][1])
        found = found * inside.sum(axis=1).reshape([-1 if a == axis else 1 for a in range(len(size))])
    return found


@rule("Pooling", "LpPool")
def lp_pool(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The p-norm of every window."""
    x, p = node.operand(0), node.get("p", 2)
    window = pool_window(node, x.shape[2:]).window
    means = _pooled(t, _powers(t, x, p), window, "average", True)
    return [t.power(t.elemwise("mul", means, t.like(x, prod(window.kernel))), 1 / p)]


def _powers(t: TensorBuilder, x: Tensor, p: int) -> Tensor:
    """|x| to the power of p."""
    return t.power(x if p % 2 == 0 else t.elemwise("abs", x), p)


@rule("Reduce", "GlobalAveragePool")
def global_average_pool(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [_global(t, node.operand(0), "mean")]


@rule("Reduce", "GlobalMaxPool")
def global_max_pool(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [_global(t, node.operand(0), "max")]


@rule("Reduce", "GlobalLpPool")
def global_lp_pool(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, p = node.operand(0), node.get("p", 2)
    return [t.power(_global(t, _powers(t, x, p), "sum"), 1 / p)]


def _global(t: TensorBuilder, x: Tensor, mode: str) -> Tensor:
    return t.reduce(mode, x, range(2, x.rank), keep=True)


def _pooled(t: TensorBuilder, x: Tensor, window: Window, mode: str, counts: bool) -> Tensor:
    """``counts``: whether means count cells of the padding, as zeros."""
    if any(d > 1 for d in window.dilate) or not x.dtype.is_float:
        return _by_taps(t, x, window, mode, counts)
    if len(window.kernel) < 3:
        return _planar(t, x, window, mode, counts)
    n, c, depth, *size = x.shape
    planes = _planar(t, t.reshape(x, (n, c * depth, *size)), part(window, (1, 2)), mode, counts)
    height, width = planes.shape[2:]
    deep = t.reshape(planes, (n, c, depth, height * width))
    along = Window((window.kernel[0], 1), (window.stride[0], 1), (1, 1), (window.pad[0], (0, 0)))
    y = _planar(t, deep, along, mode, counts)
    return t.reshape(y, (n, c, y.shape[2], height, width))


def _planar(t: TensorBuilder, x: Tensor, window: Window, mode: str, counts: bool) -> Tensor:
    """Of images, or signals."""
    if len(window.kernel) == 1:
        return t.squeeze(_planar(t, t.unsqueeze(x, [2]), flat(window), mode, counts), [2])
    if all(k == 1 and s == 1 for k, s in zip(window.kernel, window.stride)) and not any(map(any, window.pad)):
        return x
    attrs = PoolingAttrs(window.kernel, window.stride, window.pad, mode, counts)  # type: ignore[arg-type]
    return t.one("Pooling", attrs, x, dtype=x.dtype)


def _by_taps(t: TensorBuilder, x: Tensor, window: Window, mode: str, counts: bool) -> Tensor:
    """Tap by tap, one axis after the other."""
    if not x.dtype.is_float and mode != "max":
        raise Unsupported(f"means of {x.dtype} are not supported")
    lowest = 0.0 if mode != "max" else -np.inf if x.dtype.is_float else x.dtype.range[0]
    y = t.pad(x, [(0, 0), (0, 0), *window.pad], value=lowest)
    if sum(window.kernel) > _MOST_TAPS:
        raise Unsupported(f"windows of {list(window.kernel)} in this form are too large", "use smaller ones")
    for axis in range(len(window.kernel)):
        span = (window.output_size(x.shape[2:])[axis] - 1) * window.stride[axis] + 1
        begins = [k * window.dilate[axis] for k in range(window.kernel[axis])]
        taps = [t.slice(y, {axis + 2: (b, b + span, window.stride[axis])}) for b in begins]
        y = reduce(lambda a, b: t.elemwise("max" if mode == "max" else "add", a, b), taps)
    if mode == "max":
        return y
    counted = window.pad if counts else ((0, 0),) * len(window.kernel)
    return _scaled(t, y, 1 / _cells(window, x.shape[2:], counted))


def _scaled(t: TensorBuilder, x: Tensor, factors: np.ndarray) -> Tensor:
    return t.elemwise("mul", x, t.constant(factors.astype(x.dtype.numpy), x.dtype))
