"""Inputs as cameras deliver them: every input of four dimensions is taken as NHWC and turned into NCHW first.

Not in the pipeline: it runs before it, where the user asks for it.
"""

from __future__ import annotations

from mgecc.graph import Graph, Node, Value


def run(graph: Graph) -> None:
    """Change the shape of such inputs and put a Dimshuffle behind each."""
    turned: list[Node] = []
    inputs: list[Value] = []
    for old in graph.inputs:
        inputs.append(_nhwc(old) if old.type.rank == 4 else old)
        if inputs[-1] is not old:
            node = Node("Dimshuffle", f"{old.name}.nchw", {"pattern": (0, 3, 1, 2), "ndim": 4}, [inputs[-1]])
            node.origin = f"model input {old.name}"
            node.outputs = [Value(node.name, old.type, node)]
            graph.replace(old, node.output)
            turned.append(node)
    graph.inputs, graph.nodes = inputs, [*turned, *graph.nodes]


def _nhwc(value: Value) -> Value:
    n, c, h, w = value.shape
    return Value(value.name, value.type.with_shape((n, h, w, c)))
