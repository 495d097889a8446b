"""Inputs and outputs in memory of the application's own, outside of the arena.

An input there is only read. An output has all of its memory for itself, so that what is computed in it is the output
and nothing else; where an output is part of another value, a node copies it.
"""

from __future__ import annotations

from mgecc.graph import Graph, Node, Unsupported, Value
from mgecc.ops.known import AxisAttrs
from mgecc.planner.program import Ref
from mgecc.planner.states import is_view

BUFFER_BYTES = 1 << 26
"""Above the offsets in a buffer, in a reference, is the number of its input or output, inputs first."""
MAX_BUFFERS = 16


def place_outside(graph: Graph, kinds: frozenset[str]) -> None:
    """Note which values lie outside of the arena: of the "inputs", the "outputs" or both."""
    if "outputs" in kinds:
        _part_outputs(graph)
    graph.outside = {value for kind in kinds for value in _of_kind(graph, kind)}


def _of_kind(graph: Graph, kind: str) -> list[Value]:
    values = graph.given_inputs if kind == "inputs" else [value for _, value in graph.results.values()]
    return [value for value in values if not value.is_const]


def _part_outputs(graph: Graph) -> None:
    """Copy each output that may share memory with an input or with another output."""
    taken: set[Value] = set()
    for position, (name, value) in graph.results.items():
        if value.is_const:
            continue
        if value in taken or value.producer is None or is_view(value.producer):
            value = _copied(graph, name, value)
            graph.outputs[position] = (name, value)
        taken.add(value)


def _copied(graph: Graph, name: str, value: Value) -> Value:
    if value.type.rank == 0:
        raise Unsupported(
            f"the output {name} has no axes and is part of another value",
            "leave `outputs` out of `buffers`",
        )
    node = Node("Concat", name, AxisAttrs(0), [value])
    node.outputs = [Value(name, value.type, node)]
    graph.nodes.append(node)
    return node.output


def numbers(graph: Graph, kinds: frozenset[str]) -> dict[Value, int]:
    """For each value outside the number of its input or output, once kernels and layouts are chosen."""
    inputs, outputs = graph.given_inputs, [value for _, value in graph.results.values()]
    found = {value: k for k, value in enumerate(inputs)} if "inputs" in kinds else {}
    if "outputs" in kinds:
        found |= {value: len(inputs) + k for k, value in enumerate(outputs) if not value.is_const}
    return found


def reference(number: int, offset: int) -> Ref:
    """So many bytes behind the first of a buffer."""
    return Ref("buffers", number * BUFFER_BYTES + offset)
