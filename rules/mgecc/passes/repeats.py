"""A depthwise convolution with several results a channel becomes one with one, of channels that are repeated.

The copy costs an instruction or two an element; kernels for groups of one channel and several results would be read by
few, and tiles of dense convolutions have nothing to add up in such groups.
"""

from __future__ import annotations

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.attributes import changed
from mgecc.graph.types import INT32
from mgecc.passes.build import constant, node_like, take_over


def _multiplier(node: Node) -> int:
    """Results a channel; 0 for other convolutions."""
    if node.op != "ConvBias" or node.attrs["sparse"] != "GROUP" or node.attrs.get("format", "NCHW") != "NCHW":
        return 0
    x, w = node.inputs[:2]
    fits = x.type.dtype.is_float and w.const is not None and w.type.rank == 5 and w.shape[2] == 1
    return int(w.shape[1]) if fits else 0


def _shaped(node: Node, op: str, word: str, x: Value, shape: tuple[int, ...]) -> Node:
    target = constant(f"{node.name}.shape", np.array(shape), INT32)
    attrs = {"axis": 7, "output_dtype": None} if op == "Reshape" else {"output_dtype": None}
    return node_like(node, op, attrs, [x, target], f"{node.name}.{word}")


def _depthwise(node: Node, times: int) -> list[Node]:
    x, w, *rest = node.inputs
    assert w.const is not None
    n, c, h, width = x.shape
    apart = _shaped(node, "Reshape", "apart", x, (n, c, 1, h, width))
    wide = _shaped(node, "Broadcast", "repeated", apart.output, (n, c, times, h, width))
    joined = _shaped(node, "Reshape", "joined", wide.output, (n, c * times, h, width))
    groups = w.const.reshape(w.shape[0] * times, 1, *w.shape[2:])
    inputs = [joined.output, constant(w.name, groups, w.type.dtype), *rest]
    return [apart, wide, joined, take_over(node_like(node, node.op, changed(node.attrs), inputs), node)]


def run(graph: Graph) -> None:
    """Float convolutions with constant weights."""
    nodes: list[Node] = []
    for node in graph.nodes:
        times = _multiplier(node)
        nodes += _depthwise(node, times) if times > 1 and node.inputs[1].shape[0] > 1 else [node]
    graph.nodes = nodes
