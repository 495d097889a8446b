"""Sliding windows over the trailing axes of a tensor: their arithmetic, their views and sums over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Annotated, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mgecc.graph import Attributes, Range, Unsupported
from mgecc.graph.symbolic import is_one
from mgecc.ops.budget import check_room, spend

MOST_CELLS = 1 << 20
CELLS, PADDING, OFFSETS = Range(1, MOST_CELLS), Range(0, MOST_CELLS), Range(-MOST_CELLS, MOST_CELLS)
"""Numbers of windows: what is larger would only cost time and memory to look at."""
Cells = Annotated[int, CELLS]
Ends = tuple[Annotated[int, PADDING], Annotated[int, PADDING]]
"""Cells added before and after an axis."""


@dataclass(frozen=True)
class Window:
    """A window over d axes: kernel size, stride, dilation and padding (before, after) of each."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilate: tuple[int, ...]
    pad: tuple[tuple[int, int], ...]

    @property
    def extent(self) -> tuple[int, ...]:
        """Cells from the first to the last tap of each axis."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilate))

    def is_flat(self, size: Sequence[int], axis: int) -> bool:
        """Whether data and window are one cell long on an axis, so that nothing moves along it."""
        return bool(is_one(size[axis]) and self.kernel[axis] == 1 and not any(self.pad[axis]))

    def in_rows(self, size: Sequence[int]) -> Window:
        """The window over ``size`` (1, w) that takes the cells that this one takes of signals (h, 1) or (1, w).

        Step and dilation along the height, where nothing moves, become those of the usual windows.
        """
        row = self
        if self.is_flat(size, 1):
            row = Window(self.kernel[::-1], self.stride[::-1], self.dilate[::-1], self.pad[::-1])
        elif not self.is_flat(size, 0):
            return self
        return replace(row, stride=(row.stride[1],) * 2, dilate=(1, row.dilate[1]))

    def output_size(self, size: Sequence[int]) -> tuple[int, ...]:
        """Number of window positions on each axis; Unsupported when there is none."""
        padded = [n + sum(p) for n, p in zip(size, self.pad)]
        if any(n < e for n, e in zip(padded, self.extent)):
            raise Unsupported(f"the window {self.extent} is larger than the padded data {tuple(padded)}")
        return tuple((n - e) // s + 1 for n, e, s in zip(padded, self.extent, self.stride))

    def input_size(self, size: Sequence[int]) -> tuple[int, ...]:
        """Smallest input that has ``size`` window positions: the size of a transposed convolution."""
        full = [(n - 1) * s + e for n, s, e in zip(size, self.stride, self.extent)]
        smallest = tuple(n - sum(p) for n, p in zip(full, self.pad))
        if any(n < 1 for n in smallest):
            raise Unsupported(f"the padding {self.pad} leaves nothing of the result {tuple(full)}")
        return smallest


@dataclass(frozen=True)
class WindowAttrs(Attributes):
    """Along (h, w): cells from one window to the next, of padding (before, after), and from one tap to the next."""

    stride: tuple[Cells, ...] = (1, 1)
    padding: tuple[Ends, ...] = ((0, 0), (0, 0))
    dilation: tuple[Cells, ...] = (1, 1)

    def over(self, kernel: Sequence[int]) -> Window:
        """The window with a kernel of this size; Unsupported for an empty one or one of other axes."""
        window = Window(tuple(kernel), self.stride, self.dilation, self.padding)
        lengths = {len(axes) for axes in (window.kernel, window.stride, window.dilate, window.pad)}
        if len(lengths) > 1 or any(n < 1 for n in window.kernel):
            numbers = f"stride {window.stride}, dilation {window.dilate}, padding {window.pad}"
            raise Unsupported(f"a window has kernel {window.kernel}, {numbers}")
        return window


def windows(x: np.ndarray, window: Window, fill: float = 0) -> np.ndarray:
    """A read-only view (..., *positions, *kernel) of ``x`` (..., *size) padded with ``fill``."""
    rank = len(window.kernel)
    outer = x.ndim - rank
    if any(map(any, window.pad)):
        check_room(prod((*x.shape[:outer], *(n + sum(p) for n, p in zip(x.shape[outer:], window.pad)))))
        x = np.pad(x, [(0, 0)] * outer + list(window.pad), constant_values=fill)
    view = sliding_window_view(x, window.extent, axis=tuple(range(outer, x.ndim)))
    seen: np.ndarray = view[_trailing(slice(None, None, s) for s in (*window.stride, *window.dilate))]
    spend(seen.size)
    return seen


def _trailing(areas: Iterable[slice | int]) -> tuple[Any, ...]:
    """An index of the last axes."""
    return (Ellipsis, *areas)


def scatter_windows(columns: np.ndarray, window: Window, size: Sequence[int]) -> np.ndarray:
    """The sum over all windows: (..., *positions, *kernel) added up to (..., *size); transpose of ``windows``."""
    rank = len(window.kernel)
    outer = columns.shape[: columns.ndim - 2 * rank]
    positions = columns.shape[len(outer) : len(outer) + rank]
    canvas = [n + sum(p) for n, p in zip(size, window.pad)]
    check_room(prod((*outer, *canvas)))
    total = np.zeros((*outer, *canvas), columns.dtype)
    for tap in product(*map(range, window.kernel)):
        begins = [t * d for t, d in zip(tap, window.dilate)]
        area = [slice(b, b + (n - 1) * s + 1, s) for b, n, s in zip(begins, positions, window.stride)]
        total[_trailing(area)] += columns[_trailing(tap)]
    return np.asarray(total[_trailing(slice(p[0], p[0] + n) for p, n in zip(window.pad, size))])
