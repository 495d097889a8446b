"""Drop reserve results, which training keeps for its backward step, where nobody reads them."""

from __future__ import annotations

from mgecc.graph import Graph
from mgecc.ops import find
from mgecc.passes.match import Users


def run(graph: Graph) -> None:
    users = Users(graph)
    for node in graph.nodes:
        for position in find(node.op).reserves:
            if position < len(node.outputs) and users.count(node.outputs[position]) == 0:
                value = node.outputs[position]
                value.type = value.type.with_shape((0,))
