"""Let transposes and reshapes sink below element-wise nodes, so that they meet their inverse and cancel."""

from __future__ import annotations

import numpy as np

from mgecc.graph import Graph, Node, TensorType, Value
from mgecc.passes.build import constant, node_like, take_over
from mgecc.passes.match import Users

_MOVES = frozenset({"Dimshuffle", "Reshape"})
_LARGEST_CONSTANT = 1 << 20


def _moves(node: Node, users: Users) -> list[Node] | None:
    """The movement nodes in front of an element-wise node, if all its computed operands have the same one."""
    found = [v.producer for v in node.inputs if not v.is_const]
    moves = [n for n in found if n is not None and n.op in _MOVES and users.only(n.output) is node]
    if not found or len(moves) != len(found):
        return None
    first = moves[0]
    same = all(m.op == first.op and m.inputs[0].type.shape == first.inputs[0].shape for m in moves)
    same = same and all(m.attrs.get("pattern") == first.attrs.get("pattern") for m in moves)
    return moves if same and all(m.output.shape == node.output.shape for m in moves) else None


def _before_move(value: Value, move: Node) -> Value | None:
    """A constant operand as it must be to act before the movement; None if it cannot be said compactly."""
    assert value.const is not None
    if value.const.size == 1:
        return constant(value.name, value.const.reshape(1), value.type.dtype)
    if move.output.type.elements > _LARGEST_CONSTANT:
        return None
    full = np.broadcast_to(value.const, move.output.shape)
    if move.op == "Reshape":
        full = full.reshape(move.inputs[0].shape)
    elif -1 in move.attrs["pattern"] or len(move.attrs["pattern"]) != len(move.inputs[0].shape):
        return None
    else:
        full = full.transpose(np.argsort(move.attrs["pattern"]))
    return constant(value.name, _compact(full), value.type.dtype)


def _compact(full: np.ndarray) -> np.ndarray:
    """Shrink every axis along which nothing changes to 1."""
    for axis in range(full.ndim):
        first = np.take(full, [0], axis=axis)
        if np.array_equal(np.broadcast_to(first, full.shape), full):
            full = first
    return full


def _sink(node: Node, moves: list[Node]) -> list[Node] | None:
    sources = iter(m.inputs[0] for m in moves)
    inputs = [_before_move(v, moves[0]) if v.is_const else next(sources) for v in node.inputs]
    known = [v for v in inputs if v is not None]
    if len(known) != len(inputs):
        return None
    early = node_like(node, node.op, dict(node.attrs), known)
    if early.output.type != TensorType(moves[0].inputs[0].shape, node.output.type.dtype):
        return None
    late = node_like(node, moves[0].op, dict(moves[0].attrs), [early.output, *moves[0].inputs[1:]])
    return [early, take_over(late, node)]


def run(graph: Graph) -> None:
    changed = True
    while changed:
        changed = False
        users, nodes = Users(graph), list[Node]()
        for node in graph.nodes:
            moves = _moves(node, users) if node.op == "Elemwise" else None
            new = _sink(node, moves) if moves else None
            changed = changed or new is not None
            nodes += new or [node]
        graph.nodes = nodes
        graph.sweep()
