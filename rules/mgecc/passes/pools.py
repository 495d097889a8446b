"""Poolings become ones with short code: large maxima in two steps, means of what lies inside by means of the window.

max over (kh, kw) = max over columns of the max over rows, kh + kw instead of kh kw steps a result. A mean that counts
only the cells inside the image is the mean over the window times kh kw / cells, one number a position.
"""

from __future__ import annotations

from mgecc.graph import Graph, Node
from mgecc.graph.sizes import has_sizes
from mgecc.ops.pooling import cells
from mgecc.ops.window import Window, window_of
from mgecc.passes.build import constant, elemwise, node_like, take_over

_LARGE = 9  # cells of a window; smaller ones are unrolled


def _window(node: Node) -> Window | None:
    """Of a plain float pooling of fixed sizes; None for other nodes."""
    if node.op != "Pooling" or node.attrs.get("format", "NCHW") != "NCHW" or node.inputs[0].type.rank != 4:
        return None
    kernel = (node.attrs["window_h"], node.attrs["window_w"])
    fixed = not has_sizes((*node.inputs[0].shape, *kernel))
    return window_of(node.attrs, kernel) if fixed and node.inputs[0].type.dtype.is_float else None


def _along(node: Node, window: Window, axis: int) -> dict[str, object]:
    """Attributes of the pooling along one axis."""
    names, other = ("h", "w"), 1 - axis
    attrs = dict(node.attrs) | {
        f"window_{names[other]}": 1,
        f"stride_{names[other]}": 1,
        f"pad_{names[other]}": 0,
    }
    if node.attrs.get("pad") is not None:
        attrs["pad"] = [0] * (2 * axis) + list(window.pad[axis]) + [0] * (2 * other)
    return attrs


def _two_steps(node: Node, window: Window) -> list[Node]:
    columns = node_like(node, "Pooling", _along(node, window, 1), list(node.inputs))
    rows = node_like(node, "Pooling", _along(node, window, 0), [columns.output])
    return [columns, take_over(rows, node)]


def _by_window(node: Node, window: Window) -> list[Node]:
    x = node.inputs[0]
    mean = node_like(node, "Pooling", dict(node.attrs) | {"mode": "AVERAGE"}, [x])
    inside = cells(window, x.shape[2:])
    whole = window.kernel[0] * window.kernel[1]
    if (inside == whole).all():
        return [take_over(mean, node)]
    share = constant(f"{node.name}.share", (whole / inside)[None, None], x.type.dtype)
    return [mean, take_over(elemwise(node, "MUL", mean.output, share), node)]


def _split(node: Node) -> list[Node]:
    window = _window(node)
    if window is None:
        return [node]
    kh, kw = window.kernel
    if (
        node.attrs["mode"] == "MAX"
        and min(kh, kw) > 1
        and kh * kw > _LARGE
        and window.stride != window.kernel
    ):
        return _two_steps(node, window)
    exact = node.inputs[0].type.dtype.name == "float32"
    if node.attrs["mode"] == "AVERAGE_COUNT_EXCLUDE_PADDING" and exact:
        return _by_window(node, window)
    return [node]


def run(graph: Graph) -> None:
    """Float poolings in plain layout."""
    graph.nodes = [made for node in graph.nodes for made in _split(node)]
