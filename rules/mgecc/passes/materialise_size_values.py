"""Materialise constants that depend on declared sizes, where kernels read them: a node writes their numbers.

Numbers that shape rules and index bounds need stay constants. It runs before the rewrites, and changes
only graphs with declared sizes.
"""

from __future__ import annotations

from mgecc.graph import Graph, Node, Value
from mgecc.ops import find
from mgecc.ops.folding import has_sizes
from mgecc.ops.index_items import IndexAttrs
from mgecc.ops.size_values import SizeValuesAttrs


def run(graph: Graph) -> None:
    made: dict[Value, Node] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        for position, value in enumerate(node.inputs):
            if value.const is None or not has_sizes(value.const) or _is_known(node, position):
                continue
            if value not in made:
                made[value] = _values(value, node)
                nodes.append(made[value])
            node.inputs[position] = made[value].output
        nodes.append(node)
    for position, (name, value) in enumerate(graph.outputs):
        if value.const is not None and has_sizes(value.const):
            if value not in made:
                made[value] = _values(value, None)
                nodes.append(made[value])
            graph.outputs[position] = (name, made[value].output)
    graph.nodes = nodes


def _is_known(node: Node, position: int) -> bool:
    """Whether the operator takes the numbers of this input while the model is compiled."""
    count = len(node.inputs)
    return isinstance(node.attrs, IndexAttrs) or any(
        p % count == position for p in find(node.op).reads_values
    )


def _values(value: Value, reader: Node | None) -> Node:
    assert value.const is not None
    attrs = SizeValuesAttrs(tuple(value.const.reshape(-1).tolist()), value.type)
    node = Node("SizeValues", value.name, attrs, [], origin=reader.origin if reader else "declared sizes")
    node.outputs = [Value(value.name, value.type, node)]
    return node
