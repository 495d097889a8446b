"""Memory that lives across runs: every state has a node that stores what the next run reads, behind all readers.

The stored value and the one that is read have one buffer for the whole run. The store is one copy; it falls away where
the network can compute the new contents in their place (``buffers``).
"""

from __future__ import annotations

from mgecc import ops
from mgecc.graph import Graph, Node, Unsupported, Value
from mgecc.ops.known import AxisAttrs


def add_stores(graph: Graph) -> None:
    """Let a node of its own give the output of every state."""
    for state in graph.states:
        name, value = graph.outputs[state.output]
        kept = next(v for v in graph.inputs if v.name == state.name)
        if kept.type != value.type:
            why = f"the state {state.name} is {kept.type} when it is read and {value.type} when it is stored"
            raise Unsupported(why, "leave out what converts this input")
        node = Node("Concat", state.name, AxisAttrs(0), [value])
        node.outputs = [Value(name, value.type, node)]
        graph.nodes.append(node)
        graph.outputs[state.output] = (name, node.output)


def kept_values(graph: Graph) -> dict[Value, Value]:
    """For each stored value the input that has its place."""
    inputs = {value.name: value for value in graph.inputs}
    return {graph.outputs[state.output][1]: inputs[state.name] for state in graph.states}


def move_stores_last(graph: Graph) -> None:
    """Store when everything is computed, and a state that another one takes over after that one.

    Unsupported for states that exchange their contents.
    """
    stores = {value.producer: old for value, old in kept_values(graph).items() if value.producer}
    rest = [node for node in graph.nodes if node not in stores]
    waiting = {node: _origin(node.inputs[0]) for node in graph.nodes if node in stores}
    while waiting:
        read = {value for node, value in waiting.items() if value is not stores[node]}
        ready = [node for node in waiting if stores[node] not in read]
        if not ready:
            names = ", ".join(sorted(node.name for node in waiting))
            raise Unsupported(f"the states {names} exchange their contents", "add a number to one of them")
        rest += ready
        for node in ready:
            del waiting[node]
    graph.nodes = rest


def _origin(value: Value) -> Value:
    """The value in whose memory this one may lie."""
    while value.producer is not None and _is_view(value.producer):
        value = value.producer.inputs[0]
    return value


def _is_view(node: Node) -> bool:
    operator = ops.find(node.op)
    return operator.moves or operator.reshapes or operator.is_identity(node)
