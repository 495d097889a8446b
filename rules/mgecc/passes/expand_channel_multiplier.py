"""Expand the channel multiplier of a depthwise convolution: repeat the channels, then one result for each.

The copy costs an instruction or two an element; kernels for groups of one channel and several results would have few
users, and tiles of dense convolutions have nothing to add up in such groups.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import INT32
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.shapes import ReshapeAttrs
from mgecc.passes.build import constant, node_like, take_over


def _multiplier(node: Node) -> int:
    """Results a channel; 0 for other convolutions."""
    groups = node.attributes(ConvBiasAttrs).groups if node.op == "ConvBias" else 1
    if groups == 1 or not node.inputs[0].type.dtype.is_float or not node.inputs[1].is_const:
        return 0
    w = node.inputs[1].shape
    return w[0] // groups if w[1] == 1 else 0


def _shaped(node: Node, op: str, word: str, x: Value, shape: tuple[int, ...]) -> Node:
    target = constant(f"{node.name}.shape", np.array(shape), INT32)
    attrs = ReshapeAttrs() if op == "Reshape" else NoAttrs()
    return node_like(node, op, attrs, [x, target], f"{node.name}.{word}")


def _depthwise(node: Node, times: int) -> list[Node]:
    x, *constants = node.inputs
    n, c, h, width = x.shape
    apart = _shaped(node, "Reshape", "apart", x, (n, c, 1, h, width))
    wide = _shaped(node, "Broadcast", "repeated", apart.output, (n, c, times, h, width))
    joined = _shaped(node, "Reshape", "joined", wide.output, (n, c * times, h, width))
    attrs = replace(node.attributes(ConvBiasAttrs), groups=c * times)
    last = node_like(node, node.op, attrs, [joined.output, *constants])
    return [apart, wide, joined, take_over(last, node)]


def run(graph: Graph) -> None:
    """Float convolutions with constant weights."""
    nodes: list[Node] = []
    for node in graph.nodes:
        times = _multiplier(node)
        nodes += _depthwise(node, times) if times > 1 else [node]
    graph.nodes = nodes
