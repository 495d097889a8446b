"""Sink transposes and reshapes below element-wise nodes, reductions and padding, where they meet their inverse."""

from __future__ import annotations

from dataclasses import replace

from mgecc.graph import Graph, Node, TensorType, Value
from mgecc.ops import find
from mgecc.ops.padding import PaddingAttrs
from mgecc.ops.reduce import ReduceAttrs
from mgecc.passes.axis_maps import (
    MOVES,
    axis_before,
    constant_before,
    is_same,
    permutation,
    small_before,
    transpose,
)
from mgecc.passes.axis_maps import reshape as reshaped
from mgecc.passes.build import node_like, take_over
from mgecc.passes.match import Users

_FAR = 64  # nodes to look past
_SMALL = 4  # an operand of at most this part of the result is moved for it


def _is_sinkable(node: Node) -> bool:
    return find(node.op).elementwise or (node.op == "Reduce" and len(node.inputs) == 1)


def _is_readback(move: Node) -> bool:
    """Movements towards channel blocks that the file's layout left: they are there to cancel."""
    before, after = move.inputs[0].shape, move.output.shape
    if move.op == "Dimshuffle":
        return permutation(move) == [0, 1, 3, 4, 2]
    return len(before) == 4 and len(after) == 5 and (before[0], *before[2:]) == (after[0], *after[3:])


def _cancels(node: Node, move: Node) -> bool:
    """Whether the node is the transpose that undoes the movement."""
    order, back = permutation(move), permutation(node)
    return order is not None and back is not None and [order[axis] for axis in back] == sorted(order)


def _lets_through(node: Node, value: Value) -> bool:
    """Whether movements of this operand sink below the node."""
    return node.op == "Padding" or (find(node.op).elementwise and node.output.shape == value.shape)


def _vanishes(move: Node, value: Value, users: Users, seen: set[Value] | None = None) -> bool:
    """Whether the movement, put behind ``value``, meets transposes that undo it, past nodes that it sinks below."""
    seen = set() if seen is None else seen
    readers = users.readers(value)
    if not readers or len(seen) > _FAR:
        return False
    seen.add(value)
    return all(
        _cancels(reader, move)
        or (
            _lets_through(reader, value)
            and (reader.output in seen or _vanishes(move, reader.output, users, seen))
        )
        for reader in readers
    )


def _may_sink(move: Node, below: Node, users: Users) -> bool:
    """Whether no more is moved then: others that read the movement's result sink too, or undo it, or it vanishes."""
    readers = users.readers(move.output)
    if sum(not _cancels(reader, move) for reader in readers) == 1:
        return True
    return (_is_readback(move) and all(map(_is_sinkable, readers))) or _vanishes(move, below.output, users)


def _move_of(value: Value, below: Node, users: Users) -> Node | None:
    move = None if value.is_const else value.producer
    return move if move is not None and move.op in MOVES and _may_sink(move, below, users) else None


def _before(value: Value, lead: Node, below: Node, users: Users, made: list[Node]) -> Value | None:
    """An operand as it must be to act before the movement ``lead``; nodes that this needs are added to ``made``."""
    if value.is_const:
        return constant_before(value, lead)
    move = _move_of(value, below, users)
    if move is not None and is_same(move, lead):
        return move.inputs[0]
    if value.type.elements * _SMALL > lead.output.type.elements:
        return None
    nodes = small_before(value, lead)
    made += nodes or []
    return nodes[-1].output if nodes else None


def _below_pointwise(node: Node, users: Users) -> list[Node] | None:
    moves = [m for m in (_move_of(v, node, users) for v in node.inputs) if m is not None]
    lead = next((m for m in moves if m.output.shape == node.output.shape), None)
    if lead is None:
        return None
    made: list[Node] = []
    inputs = [_before(v, lead, node, users, made) for v in node.inputs]
    known = [v for v in inputs if v is not None]
    if len(known) != len(inputs):
        return None
    early = node_like(node, node.op, node.attrs, known)
    if early.output.type != TensorType(lead.inputs[0].shape, node.output.type.dtype):
        return None
    late = node_like(node, lead.op, lead.attrs, [early.output, *lead.inputs[1:]])
    return [*made, early, take_over(late, node)]


def _below_reduction(node: Node, users: Users) -> list[Node] | None:
    """A reduction over an axis that the movement only displaces; the one that remains is displaced behind it."""
    move = _move_of(node.inputs[0], node, users)
    if move is None or len(node.inputs) != 1:
        return None
    rank = len(node.inputs[0].shape)
    attrs = node.attributes(ReduceAttrs)
    axis = None if attrs.axis is None else axis_before(attrs.axis % rank, move)
    if axis is None:
        return None
    early = node_like(node, "Reduce", replace(attrs, axis=axis), [move.inputs[0]])
    if move.op == "Reshape":
        late = reshaped(node, early.output, node.output.shape)
    else:
        late = node_like(node, move.op, move.attrs, [early.output])
    return [early, take_over(late, node)]


def _below_padding(node: Node, users: Users) -> list[Node] | None:
    """Padding in front of the transpose that it reads, where others behind it join that one or undo it."""
    move, readers = node.inputs[0].producer, users.readers(node.output)
    order = permutation(move) if move is not None and readers else None
    if move is None or order is None:
        return None
    if any(r.op != "Dimshuffle" for r in readers) and not _vanishes(move, node.output, users):
        return None
    attrs = node.attributes(PaddingAttrs)
    before = tuple(attrs.padding[order.index(axis)] for axis in range(len(order)))
    early = node_like(node, "Padding", replace(attrs, padding=before), [move.inputs[0]])
    return [early, take_over(transpose(node, early.output, order), node)]


def _widens(node: Node) -> bool:
    """Whether more bytes would be moved behind the node than in front of it."""
    return max(v.type.dtype.size for v in node.inputs) < node.output.type.dtype.size


def _below(node: Node, users: Users) -> list[Node] | None:
    if find(node.op).elementwise and not _widens(node):
        return _below_pointwise(node, users)
    if node.op == "Padding":
        return _below_padding(node, users)
    return _below_reduction(node, users) if node.op == "Reduce" else None


def run(graph: Graph) -> None:
    changed = True
    while changed:
        changed = False
        users, nodes = Users(graph), list[Node]()
        for node in graph.nodes:
            new = _below(node, users)
            changed = changed or new is not None
            nodes += new or [node]
        graph.nodes = nodes
        graph.sweep()
