"""Chains of element-wise nodes become one FusedElemwise node: one pass over memory instead of several."""

from __future__ import annotations

from typing import Any

from mgecc.graph import Graph, Node, Value
from mgecc.ops.elemwise import PowCAttrs, mode_of
from mgecc.ops.fused import FusedElemwiseAttrs
from mgecc.passes.build import node_like, take_over
from mgecc.passes.match import Users

_OPS = frozenset({"Elemwise", "PowC", "FusedElemwise"})
_MOST_INPUTS = 6
_MOST_STEPS = 16


def _expression(node: Node) -> tuple[Any, ...]:
    """The node as an expression over the positions of its inputs."""
    if node.op == "FusedElemwise":
        return node.attributes(FusedElemwiseAttrs).expr
    if node.op == "PowC":
        return ("powc", 0, float(node.attributes(PowCAttrs).exponent))
    return (mode_of(node), *range(len(node.inputs)))


def _steps(expr: Any) -> int:
    return 1 + sum(_steps(sub) for sub in expr[1:]) if isinstance(expr, tuple) else 0


def _substitute(expr: Any, operands: list[Any]) -> Any:
    """Replace input positions by ``operands``; the exponent of powc is no operand."""
    if isinstance(expr, tuple):
        head, *rest = expr
        kept = len(rest) - 1 if head == "powc" else len(rest)
        return (head, *(_substitute(sub, operands) for sub in rest[:kept]), *rest[kept:])
    return operands[expr] if isinstance(expr, int) else expr


def _fusable(node: Node | None) -> bool:
    if node is None or node.op not in _OPS or node.output.type.dtype.is_quantized:
        return False
    dtype = node.output.type.dtype
    return dtype.name == "float32" and all(v.type.dtype == dtype for v in node.inputs)


def _absorbs(value: Value, node: Node, users: Users) -> bool:
    """The operand's producer may be computed inside the node: read nowhere else, as large as the result."""
    return _fusable(value.producer) and users.only(value) is node and value.shape == node.output.shape


def _merged(node: Node, users: Users) -> Node | None:
    """The node with the producers of its operands inside it; None if there is nothing to gain or too much."""
    inputs: dict[Value, int] = {}
    operands: list[Any] = []

    def leaf(value: Value) -> int:
        return inputs.setdefault(value, len(inputs))

    inside = [v for v in node.inputs if _absorbs(v, node, users)]
    for value in node.inputs:
        producer = value.producer
        if value in inside and producer is not None:
            operands.append(_substitute(_expression(producer), [leaf(v) for v in producer.inputs]))
        else:
            operands.append(leaf(value))
    expr = _substitute(_expression(node), operands)
    if not inside or len(inputs) > _MOST_INPUTS or _steps(expr) > _MOST_STEPS:
        return None
    return node_like(node, "FusedElemwise", FusedElemwiseAttrs(expr), list(inputs))


def run(graph: Graph) -> None:
    """First to last, so that a chain grows one node at a time."""
    users = Users(graph)
    for position, node in enumerate(graph.nodes):
        new = _merged(node, users) if _fusable(node) else None
        if new is not None:
            graph.nodes[position] = take_over(new, node)
            users.exchange(node, new)
    graph.sweep()
