"""Windows of ONNX operators: kernel, stride, dilation and padding by their attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mgecc.graph import Unsupported
from mgecc.graph.symbolic import always, sym_max, whole
from mgecc.ops.window import Window

from .node import OnnxNode

_SAME = ("SAME_UPPER", "SAME_LOWER")
_DIMENSIONS = 3
Ends = tuple[int, int]


@dataclass(frozen=True)
class Overhang:
    """``window``: with the padding that all its positions need; ``beyond``: how much of that is more than stated."""

    window: Window
    beyond: tuple[int, ...]

    @property
    def stated(self) -> Window:
        """The window with the padding that the file states."""
        pad = tuple((before, behind - more) for (before, behind), more in zip(self.window.pad, self.beyond))
        return replace(self.window, pad=pad)


def window_of(node: OnnxNode, size: Sequence[int], kernel: Sequence[int]) -> Window:
    """The window over data of ``size``; Unsupported for other than one to three axes."""
    rank = len(size)
    if not 1 <= rank <= _DIMENSIONS or len(kernel) != rank:
        raise Unsupported(f"a window over {rank} axes with a kernel of {len(kernel)} is not supported")
    stride, dilate = (tuple(node.get(name, [1] * rank)) for name in ("strides", "dilations"))
    pads = node.get("pads", [0] * 2 * rank)
    if (len(stride), len(dilate), len(pads)) != (rank, rank, 2 * rank):
        raise Unsupported(f"its strides, dilations and pads are not those of {rank} axes")
    window = Window(tuple(kernel), stride, dilate, tuple(zip(pads[:rank], pads[rank:])))
    return replace(window, pad=_automatic(node, window, size))


def _automatic(node: OnnxNode, window: Window, size: Sequence[int]) -> tuple[Ends, ...]:
    """The padding by the attribute auto_pad."""
    rule = node.get("auto_pad", "NOTSET")
    if rule == "NOTSET":
        return window.pad
    if rule not in _SAME:
        return ((0, 0),) * len(size)
    steps = [(-(-n // s) - 1) * s for n, s in zip(size, window.stride)]
    needed = [whole(sym_max(0, k + e - n)) for k, e, n in zip(steps, window.extent, size)]
    return tuple(halves(n, upper=rule == "SAME_UPPER") for n in needed)


def halves(total: int, upper: bool) -> Ends:
    """Padding before and after; ``upper``: the odd cell lies behind."""
    less, more = total // 2, total - total // 2
    return (less, more) if upper else (more, less)


def pool_window(node: OnnxNode, size: Sequence[int]) -> Overhang:
    """The window of a pooling; with ``ceil_mode`` the last one may overhang, but not begin behind the data."""
    window = window_of(node, size, node.require("kernel_shape"))
    if not node.get("ceil_mode", 0) or node.get("auto_pad", "NOTSET") != "NOTSET":
        return Overhang(window, (0,) * len(size))
    beyond = [_beyond(window, axis, n) for axis, n in enumerate(size)]
    pad = tuple((before, behind + more) for (before, behind), more in zip(window.pad, beyond))
    return Overhang(replace(window, pad=pad), tuple(beyond))


def _beyond(window: Window, axis: int, size: int) -> int:
    """Cells that the last position of a window needs behind the padding."""
    step, extent, (before, behind) = window.stride[axis], window.extent[axis], window.pad[axis]
    free = before + size + behind - extent
    steps = -(-free // step)
    if always(lambda: steps * step >= size + before):
        steps -= 1
    return whole(sym_max(0, steps * step - free))


def flat(window: Window) -> Window:
    """The same window over images of height 1, for one over signals."""
    if len(window.kernel) > 1:
        return window
    ones = (1, *window.stride), (1, *window.dilate)
    return Window((1, *window.kernel), *ones, ((0, 0), *window.pad))


def part(window: Window, axes: Sequence[int]) -> Window:
    """The window over these axes alone."""
    kernel, stride, dilate = (
        tuple(n[a] for a in axes) for n in (window.kernel, window.stride, window.dilate)
    )
    return Window(kernel, stride, dilate, tuple(window.pad[a] for a in axes))
