"""Lower stored layouts of the file to plain ones between explicit transposes.

The transposes of neighbours cancel in ``simplify_graph``; the layout is then chosen afresh for the target.
"""

from __future__ import annotations

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.ops import layout
from mgecc.ops.padding import only_last
from mgecc.ops.relayout import change_of
from mgecc.passes.axis_maps import reshape, transpose
from mgecc.passes.build import node_like, take_over


def _order(stored: str) -> list[int]:
    """Axes of a stored value in the order that brings each block behind its axis."""
    return [i for group in layout.groups(stored, "nchw") for i in group]


def _stored(node: Node, plain: Node, stored: str) -> list[Node]:
    """Nodes that bring the plain result back to the layout in which the file's next record expects it."""
    order = _order(stored)
    split = tuple(node.output.shape[i] for i in order)
    first = reshape(node, plain.output, split)
    second = transpose(node, first.output, [int(i) for i in np.argsort(order)])
    return [first, take_over(second, node)]


def _padded(node: Node, x: Value, channels: int) -> Node:
    """More channels, holding zeros."""
    return node_like(node, "Padding", only_last([(0, channels - x.shape[1]), (0, 0), (0, 0)], 4), [x])


def _relayout(node: Node) -> list[Node]:
    """Out of the first layout into plain order, missing channels, and into the second layout."""
    change = change_of(node)
    converts = change.output_dtype not in (None, node.inputs[0].type.dtype)
    if change.plain != "nchw" or change.channels or converts:
        return [node]
    nodes = [transpose(node, node.inputs[0], _order(change.source))]
    nodes.append(reshape(node, nodes[-1].output, layout.plain_shape(node.inputs[0].shape, change.source)))
    channels = layout.plain_shape(node.output.shape, change.target)[1]
    if channels != nodes[-1].output.shape[1]:
        nodes.append(_padded(node, nodes[-1].output, channels))
    return [*nodes, *_stored(node, nodes[-1], change.target)]


def run(graph: Graph) -> None:
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _relayout(node) if node.op == "RelayoutFormat" else [node]
    graph.nodes = nodes
