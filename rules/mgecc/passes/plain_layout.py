"""Read operators stored in blocked or NHWC layouts back to plain NCHW, between explicit transposes.

The transposes of neighbours cancel in ``simplify``; the layout is then chosen afresh for the target.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.ops import layout
from mgecc.ops.convolution import geometry
from mgecc.ops.relayout import change_of
from mgecc.passes.build import constant, node_like, take_over
from mgecc.passes.moves import reshape, transpose


def _order(stored: str) -> list[int]:
    """Axes of a stored value in the order that brings each block behind its axis."""
    return [i for group in layout.groups(stored, "nchw") for i in group]


def _plain(node: Node, value: Value) -> tuple[Value, list[Node]]:
    """A value of the node's format in plain layout, and the nodes that make it."""
    data_format = node.attrs["format"]
    if value.const is not None:
        array = layout.to_plain(value.const, data_format) if value.const.size else value.const
        return constant(value.name, array, value.type.dtype), []
    stored = layout.word(data_format, len(value.shape))
    first = transpose(node, value, _order(stored))
    second = reshape(node, first.output, layout.plain_shape(value.shape, stored))
    return second.output, [first, second]


def _stored(node: Node, plain: Node, stored: str) -> list[Node]:
    """Nodes that bring the plain result back to the layout in which the file's next record expects it."""
    order = _order(stored)
    split = tuple(node.output.shape[i] for i in order)
    first = reshape(node, plain.output, split)
    second = transpose(node, first.output, [int(i) for i in np.argsort(order)])
    return [first, take_over(second, node)]


def _convolution(node: Node) -> list[Node]:
    geo = geometry(node)
    weights = node.inputs[1]
    assert weights.const is not None
    w = layout.weights_to_plain(weights.const, node.attrs["format"], node.attrs["sparse"])
    x, before = _plain(node, node.inputs[0])
    inputs = [x, constant(weights.name, w, weights.type.dtype)]
    for value in node.inputs[2:]:
        term, made = _plain(node, value)
        inputs, before = [*inputs, term], [*before, *made]
    conv = node_like(node, node.op, dict(node.attrs, format="NCHW"), inputs)
    return [*before, conv, *_stored(node, conv, geo.words[2])]


def _padded(node: Node, x: Value, channels: int) -> Node:
    """More channels, holding zeros."""
    offsets = {f"{end}_offset_dim{axis}": 0 for end in ("front", "back") for axis in range(7)}
    offsets["back_offset_dim1"] = channels - x.shape[1]
    attrs = {"padding_mode": "CONSTANT", "padding_val": 0.0, "output_dtype": None, **offsets}
    return node_like(node, "Padding", attrs, [x])


def _relayout(node: Node) -> list[Node]:
    """Out of the first layout into plain order, missing channels, and into the second layout."""
    change = change_of(node)
    stated = node.attrs.get("output_dtype")
    if change.plain != "nchw" or node.attrs.get("oc", 0) or stated not in (None, node.inputs[0].type.dtype):
        return [node]
    nodes = [transpose(node, node.inputs[0], _order(change.source))]
    nodes.append(reshape(node, nodes[-1].output, layout.plain_shape(node.inputs[0].shape, change.source)))
    channels = layout.plain_shape(node.output.shape, change.target)[1]
    if channels != nodes[-1].output.shape[1]:
        nodes.append(_padded(node, nodes[-1].output, channels))
    return [*nodes, *_stored(node, nodes[-1], change.target)]


_REWRITES: dict[str, Callable[[Node], list[Node]]] = {
    "Convolution": _convolution,
    "ConvBias": _convolution,
}
_FORMATS = frozenset(layout.BLOCKS) - {"NCHW"}


def _rewrite(node: Node) -> list[Node]:
    if node.op == "RelayoutFormat":
        return _relayout(node)
    rewrite = _REWRITES.get(node.op)
    if rewrite is None or node.attrs.get("format", "NCHW") not in _FORMATS:
        return [node]
    if rewrite is _convolution and not node.inputs[1].is_const:
        return [node]
    return rewrite(node)


def run(graph: Graph) -> None:
    graph.nodes = [new for node in graph.nodes for new in _rewrite(node)]
