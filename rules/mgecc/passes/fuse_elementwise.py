"""Fuse chains of element-wise nodes into one FusedElemwise node: one pass over memory instead of several.

Loop fusion (Muchnick 1997, Advanced Compiler Design and Implementation) over whole tensors.
"""

from __future__ import annotations

from typing import Any

from mgecc.graph import Graph, Node, Value
from mgecc.graph.types import FLOAT32
from mgecc.ops import find
from mgecc.ops.fused import FusedElemwiseAttrs
from mgecc.ops.registry import Expression
from mgecc.passes.build import node_like, take_over
from mgecc.passes.match import Users

_MOST_INPUTS = 6
_MOST_STEPS = 16


def _expression(node: Node | None) -> Expression | None:
    """The node as an expression over the positions of its inputs, if it works on float32 numbers alone."""
    if node is None or any(v.type.dtype != FLOAT32 for v in (*node.inputs, node.output)):
        return None
    return find(node.op).expression(node)


def _steps(expr: Any) -> int:
    return 1 + sum(_steps(sub) for sub in expr[1:]) if isinstance(expr, tuple) else 0


def _substitute(expr: Any, operands: list[Any]) -> Any:
    """Replace input positions by ``operands``; the exponent of powc is no operand."""
    if isinstance(expr, tuple):
        head, *rest = expr
        kept = len(rest) - 1 if head == "powc" else len(rest)
        return (head, *(_substitute(sub, operands) for sub in rest[:kept]), *rest[kept:])
    return operands[expr] if isinstance(expr, int) else expr


def _inside(value: Value, node: Node, users: Users) -> Expression | None:
    """What the operand's producer computes, if the node may do so itself: read nowhere else, as large as the result."""
    alone = users.only(value) is node and value.shape == node.output.shape
    return _expression(value.producer) if alone else None


def _merged(node: Node, users: Users) -> Node | None:
    """The node with the producers of its operands inside it; None if there is nothing to gain or too much."""
    inputs: dict[Value, int] = {}
    operands: list[Any] = []

    def leaf(value: Value) -> int:
        return inputs.setdefault(value, len(inputs))

    whole = _expression(node)
    for value in node.inputs if whole is not None else ():
        part = _inside(value, node, users)
        if part is not None and value.producer is not None:
            operands.append(_substitute(part, [leaf(v) for v in value.producer.inputs]))
        else:
            operands.append(leaf(value))
    expr = _substitute(whole, operands)
    gains = any(isinstance(operand, tuple) for operand in operands)
    if not gains or len(inputs) > _MOST_INPUTS or _steps(expr) > _MOST_STEPS:
        return None
    return node_like(node, "FusedElemwise", FusedElemwiseAttrs(expr), list(inputs))


def run(graph: Graph) -> None:
    """First to last, so that a chain grows one node at a time."""
    users = Users(graph)
    for position, node in enumerate(graph.nodes):
        new = _merged(node, users)
        if new is not None:
            graph.nodes[position] = take_over(new, node)
            users.exchange(node, new)
    graph.sweep()
