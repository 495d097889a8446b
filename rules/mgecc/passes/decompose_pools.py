"""Decompose poolings: large maxima into two 1-D ones, means that exclude padding into means times a factor.

A maximum over a rectangle is separable (Gil and Werman 1993, "Computing 2-D Min, Median, and Max Filters"): max over
(kh, kw) = max over columns of the max over rows, kh + kw instead of kh kw steps a result. A mean that counts only the
cells inside the image is the mean over the window times kh kw / cells, one number a position.
"""

from __future__ import annotations

from dataclasses import replace

from mgecc.graph import Graph, Node
from mgecc.graph.symbolic import has_sizes
from mgecc.ops.pooling import PoolingAttrs, cells
from mgecc.passes.build import constant, elemwise, node_like, take_over

_LARGE = 9  # cells of a window; smaller ones are unrolled


def _attrs(node: Node) -> PoolingAttrs | None:
    """Of a float pooling of fixed sizes; None for other nodes."""
    if node.op != "Pooling" or not node.inputs[0].type.dtype.is_float:
        return None
    attrs = node.attributes(PoolingAttrs)
    return None if has_sizes((*node.inputs[0].shape, *attrs.window)) else attrs


def _along(attrs: PoolingAttrs, axis: int) -> PoolingAttrs:
    """The pooling along one axis."""
    window, stride, padding = ([*pair] for pair in (attrs.window, attrs.stride, attrs.padding))
    window[1 - axis], stride[1 - axis], padding[1 - axis] = 1, 1, (0, 0)
    return replace(attrs, window=tuple(window), stride=tuple(stride), padding=tuple(padding))


def _two_steps(node: Node, attrs: PoolingAttrs) -> list[Node]:
    columns = node_like(node, "Pooling", _along(attrs, 1), list(node.inputs))
    rows = node_like(node, "Pooling", _along(attrs, 0), [columns.output])
    return [columns, take_over(rows, node)]


def _by_window(node: Node, attrs: PoolingAttrs) -> list[Node]:
    x = node.inputs[0]
    mean = node_like(node, "Pooling", replace(attrs, count_padding=True), [x])
    inside = cells(attrs.geometry, x.shape[2:])
    whole = attrs.window[0] * attrs.window[1]
    if (inside == whole).all():
        return [take_over(mean, node)]
    share = constant(f"{node.name}.share", (whole / inside)[None, None], x.type.dtype)
    return [mean, take_over(elemwise(node, "mul", mean.output, share), node)]


def _split(node: Node) -> list[Node]:
    attrs = _attrs(node)
    if attrs is None:
        return [node]
    kh, kw = attrs.window
    if attrs.mode == "max" and min(kh, kw) > 1 and kh * kw > _LARGE and attrs.stride != attrs.window:
        return _two_steps(node, attrs)
    exact = node.inputs[0].type.dtype.name == "float32"
    if attrs.mode == "average" and not attrs.count_padding and exact:
        return _by_window(node, attrs)
    return [node]


def run(graph: Graph) -> None:
    """Float poolings."""
    graph.nodes = [made for node in graph.nodes for made in _split(node)]
