"""Quantise in front of what moves numbers or takes the largest of them, and move bytes.

Rounding acts on each number and keeps their order, so both orders give the same.
"""

from __future__ import annotations

from mgecc.graph import Attributes, Graph, Node, Unsupported, Value
from mgecc.graph.types import FLOAT32
from mgecc.ops.quantize_op import QuantizeAttrs
from mgecc.passes.build import constant, node_like
from mgecc.passes.dequantised import commutes, is_quantize, quantised
from mgecc.passes.match import Users


class _Raise:
    """Quantize nodes in front of moves; ``nodes``: what is made, in order."""

    def __init__(self, users: Users, quantize: Node) -> None:
        self.users, self.quantize = users, quantize
        self.dtype = quantize.attributes(QuantizeAttrs).dtype
        self.nodes: list[Node] = []

    def moved(self, move: Node) -> Node:
        """The move for bytes of its operands."""
        inputs = [self.bytes_of(v, move) if v.type.dtype == FLOAT32 else v for v in move.inputs]
        return self._add(move, move.op, move.attrs, inputs)

    def bytes_of(self, value: Value, reader: Node) -> Value:
        node = value.producer
        if value.const is not None:
            numbers = quantised(self.quantize, value.const)
            return constant(value.name, numbers, self.dtype)
        if node is not None and node.op == "TypeCvt" and node.inputs[0].type.dtype == self.dtype:
            return node.inputs[0]
        single = node is not None and len(node.outputs) == 1 and self.users.only(value) is reader
        if node is not None and single and commutes(node):
            return self.moved(node).output
        return self._add(self.quantize, "Quantize", self.quantize.attrs, [value]).output

    def _add(self, like: Node, op: str, attrs: Attributes, inputs: list[Value]) -> Node:
        name = f"{self.quantize.name}.{len(self.nodes)}"
        made = node_like(like, op, attrs, inputs, name)
        self.nodes.append(made)
        return made


def _readers(node: Node, users: Users) -> list[Node]:
    """The Quantize nodes, all alike, that alone read the results of a node; [] if others do, too."""
    readers = [users.only(v) for v in node.outputs]
    found = [reader for reader in readers if reader is not None and is_quantize(reader)]
    alike = len(found) == len(readers) and len({reader.attrs for reader in found}) == 1
    return found if alike else []


def _raised(node: Node, users: Users) -> tuple[list[Node], list[Node]] | None:
    """(what is made, Quantize nodes that are gone) where all results of a node that moves numbers become bytes."""
    gone = _readers(node, users) if node.outputs and commutes(node) else []
    if not gone:
        return None
    work = _Raise(users, gone[0])
    try:
        made = work.moved(node)
    except Unsupported:
        return None
    made.outputs = [reader.output for reader in gone]
    for value in made.outputs:
        value.producer = made
    return work.nodes, gone


def _run(graph: Graph) -> bool:
    """One step; the last moves first, so that those in front of them are raised over with them."""
    users, gone = Users(graph), set[Node]()
    made: dict[Node, list[Node]] = {}
    for node in reversed(graph.nodes):
        found = _raised(node, users)
        if found is not None:
            made[node] = found[0]
            gone.update(found[1])
    graph.nodes = [n for node in graph.nodes if node not in gone for n in made.get(node, [node])]
    graph.sweep()
    return bool(made)


def run(graph: Graph) -> None:
    while _run(graph):
        pass
