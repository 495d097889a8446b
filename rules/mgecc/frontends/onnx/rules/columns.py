"""Windows as columns, and the positions of the largest elements of windows."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from mgecc.frontends.addressing import scatter
from mgecc.frontends.compose import check_table
from mgecc.frontends.tensors import INT64
from mgecc.graph import Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.sliding_window import SlidingWindowAttrs, WindowSumAttrs
from mgecc.ops.sorting import ArgReduceAttrs
from mgecc.ops.window import Window

from ..windows import flat, part, window_of
from . import OnnxNode, Tensor, TensorBuilder, rule

_VOLUME = 3


@rule("SlidingWindowTranspose", "Col2Im")
def col2im(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Columns (n, c * window, positions) added up to (n, c, *size), the last two axes first."""
    x, size, kernel = node.operand(0), node.operand(1).integers, node.operand(2).integers
    window, n, c = window_of(node, size, kernel), x.shape[0], x.shape[1] // prod(kernel)
    out = window.output_size(size)
    if x.shape != (n, c * prod(kernel), prod(out)):
        raise Unsupported(f"columns {list(x.shape)} are no {list(out)} windows of {kernel} cells")
    if len(size) < _VOLUME:
        window, plane = flat(window), (*[1] * (2 - len(size)), *size)
        cells = t.reshape(x, (n, c, *window.kernel, *window.output_size(plane)))
        return [t.reshape(_summed(t, cells, window, plane), (n, c, *size))]
    depth, span = kernel[0], out[0]
    cells = t.transpose(t.reshape(x, (n * c, *kernel, *out)), (0, 1, 4, 2, 3, 5, 6))
    inner = t.reshape(cells, (n, c * depth * span, *kernel[1:], *out[1:]))
    planes = t.reshape(
        _summed(t, inner, part(window, (1, 2)), size[1:]), (n, c, depth, 1, span, prod(size[1:]))
    )
    along = Window((depth, 1), (window.stride[0], 1), (window.dilate[0], 1), (window.pad[0], (0, 0)))
    return [t.reshape(_summed(t, planes, along, (size[0], prod(size[1:]))), (n, c, *size))]


def _summed(t: TensorBuilder, cells: Tensor, window: Window, size: Sequence[int]) -> Tensor:
    """Cells (n, c, *window, *positions) of two axes."""
    attrs = WindowSumAttrs(window.stride, window.pad, window.dilate, window=window.kernel, size=tuple(size))  # type: ignore[arg-type]
    return t.one("SlidingWindowTranspose", attrs, t.transpose(cells, (0, 1, 4, 5, 2, 3)), dtype=cells.dtype)


def largest_positions(t: TensorBuilder, x: Tensor, window: Window, by_columns: bool) -> Tensor:
    """Positions of the largest elements of all windows, the first of equals, in the whole of ``x`` as a vector.

    ``by_columns``: elements of an image are counted column by column.
    """
    if len(window.kernel) == _VOLUME or not x.dtype.is_float:
        raise Unsupported(
            f"positions of largest elements of {x.dtype} data of rank {x.rank} are not supported"
        )
    image, window = (x if x.rank > 3 else t.unsqueeze(x, [2])), flat(window)
    n, c, height, width = image.shape
    if any(map(any, window.pad)):
        # An element that is infinitely small is still larger than the padding.
        image = t.elemwise("max", image, t.like(image, np.finfo(x.dtype.numpy).min))
        image = t.pad(image, [(0, 0), (0, 0), *window.pad], value=-np.inf)
    inside = SlidingWindowAttrs(window.stride, dilation=window.dilate, window=window.kernel)  # type: ignore[arg-type]
    cells = t.one("Images2Neibs", inside, image, dtype=x.dtype)
    out = cells.shape[2:4]
    tap = t.one("Argmax", ArgReduceAttrs(4), t.reshape(cells, (n, c, *out, prod(window.kernel))))
    rows, columns = (_begins(window, axis, count) for axis, count in enumerate(out))
    by_row, by_column = (1, height) if by_columns else (width, 1)
    check_table(n * c, *out)
    check_table(*window.kernel)
    plane = np.arange(n * c).reshape(n, c, 1, 1) * height * width
    base = plane + rows[:, None] * by_row + columns * by_column
    taps = [np.arange(k) * d for k, d in zip(window.kernel, window.dilate)]
    table = (taps[0][:, None] * by_row + taps[1] * by_column).reshape(-1)
    away = t.take(t.constant(table.astype(np.int32)), 0, t.reshape(tap, (n, c, *out)))
    found = t.elemwise("add", away, t.constant(base.astype(np.int32)))
    return t.cast(found if x.rank > 3 else t.squeeze(found, [2]), INT64)


def _begins(window: Window, axis: int, count: int) -> np.ndarray:
    return np.arange(count) * window.stride[axis] - window.pad[axis][0]


@rule("IndexingSetMultiAxisVec", "MaxUnpool")
def max_unpool(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Elements at their positions in a result of zeros; a larger stated one has zeros behind."""
    x, index, stated = node.operand(0), node.operand(1), node.optional(2)
    window = window_of(node, x.shape[2:], node.require("kernel_shape"))
    shape = (*x.shape[:2], *(window.input_size(x.shape[2:])))
    check_table(*shape)
    zeros = t.constant(np.zeros(prod(shape), x.dtype.numpy), x.dtype)
    places = {0: t.cast(t.reshape(index, (x.elements,)), INT32)}
    y = t.reshape(scatter(t, zeros, places, t.reshape(x, (x.elements,))), shape)
    wanted = shape if stated is None else tuple(stated.integers)
    return [t.pad(y, [(0, n - m) for m, n in zip(shape, wanted)])]
