"""Inputs and outputs in memory of the application's own, outside of the arena.

An input there is only read. An output has all of its memory for itself, so that what is computed in it is the output
and nothing else; where an output is part of another value, a node copies it.
"""

from __future__ import annotations

from collections.abc import Collection

from mgecc.graph import Graph, Node, Unsupported, Value
from mgecc.kernels import candidates
from mgecc.ops.known import AxisAttrs
from mgecc.planner.program import Ref
from mgecc.targets import Target

BUFFER_BYTES = 1 << 26
"""Above the offsets in a buffer, in a reference, is the number of its input or output, inputs first."""
MAX_BUFFERS = 16


def is_wanted(wanted: frozenset[str], kind: str, *names: str) -> bool:
    """Whether an input or output is to lie outside. ``wanted``: "inputs", "outputs", single ones as "inputs.NAME"."""
    return kind in wanted or any(f"{kind}.{name}" in wanted for name in names)


def place_outside(graph: Graph, wanted: frozenset[str], target: Target) -> None:
    """Note which values lie outside of the arena."""
    if wanted:
        _part_outputs(graph, wanted, target)
    graph.outside = set(numbers(graph, wanted))


def _part_outputs(graph: Graph, wanted: frozenset[str], target: Target) -> None:
    """Copy outputs that would share memory where one of both lies outside: with an input or with another output."""
    inside = [k for k, (name, _) in graph.results.items() if not is_wanted(wanted, "outputs", name)]
    taken = {graph.outputs[k][1] for k in inside}
    for position, (name, value) in graph.results.items():
        if position in inside or value.is_const:
            continue
        if value in taken or value.producer is None or _whole(value, target) is not None:
            value = _copied(graph, position)
        taken.add(value)
    outside = numbers(graph, wanted)
    for position in inside:
        if _is_within(graph.outputs[position][1], outside, target):
            _copied(graph, position)


def _is_within(value: Value | None, others: Collection[Value], target: Target) -> bool:
    """Whether a value may lie in memory of one of the others."""
    while value is not None and value not in others:
        value = _whole(value, target)
    return value is not None


def _whole(value: Value, target: Target) -> Value | None:
    """The value that this one may be a view of; None if it is computed, or given."""
    try:
        found = candidates(value.producer, target) if value.producer else []
    except Unsupported:  # which is told where kernels are chosen
        found = []
    views = (view for candidate in found for view in candidate.aliases if view.inner is value)
    return next((view.outer for view in views), None)


def _copied(graph: Graph, position: int) -> Value:
    """Let the output at a position be a copy of what it is."""
    name, value = graph.outputs[position]
    if value.type.rank == 0:
        raise Unsupported(
            f"the output {name} has no axes and is part of another value",
            "leave what it is part of out of `buffers`",
        )
    node = Node("Concat", name, AxisAttrs(0), [value])
    node.outputs = [Value(name, value.type, node)]
    graph.nodes.append(node)
    graph.outputs[position] = (name, node.output)
    return node.output


def numbers(graph: Graph, wanted: frozenset[str]) -> dict[Value, int]:
    """For each value that is to lie outside the number of its input or output."""
    inputs, outputs = graph.given_inputs, [*graph.results.values()]
    names = [(value.name, graph.aliases.get(value.name, value.name)) for value in inputs]
    found = {value: k for k, value in enumerate(inputs) if is_wanted(wanted, "inputs", *names[k])}
    return found | {
        value: len(inputs) + k
        for k, (name, value) in enumerate(outputs)
        if not value.is_const and is_wanted(wanted, "outputs", name)
    }


def reference(number: int, offset: int) -> Ref:
    """So many bytes behind the first of a buffer."""
    return Ref("buffers", number * BUFFER_BYTES + offset)
