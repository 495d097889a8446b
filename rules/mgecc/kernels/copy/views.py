"""Operators whose NumPy meaning is a view of the input: its strides are the copy, or show that none is needed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mgecc import ops
from mgecc.graph import Node, Unsupported
from mgecc.graph.symbolic import Sym, equal, is_one
from mgecc.kernels.base import Alias, Candidate, serves
from mgecc.kernels.copy.calls import Move, strided
from mgecc.kernels.copy.symbolic_views import sized_moves
from mgecc.kernels.strides import dense
from mgecc.ops.index_items import items_of
from mgecc.ops.known import own_axis
from mgecc.targets import Target


def _others(node: Node) -> list[np.ndarray]:
    found = []
    for value in node.inputs[1:]:
        if value.const is None:
            why = f"{value.name} decides which elements are taken but is computed from the model's data"
            raise Unsupported(why, "give the model fixed shapes and constant bounds")
        found.append(value.const)
    return found


def moves_of(node: Node) -> list[Move]:
    """For every result, the elements of input 0 that it holds."""
    x = node.inputs[0]
    if any(isinstance(n, Sym) for v in (x, *node.outputs) for n in v.shape):
        return sized_moves(node)
    # Never read: one byte an element, and the system gives no memory to pages that nobody touches.
    source = np.empty(x.shape, np.int8)
    moves = []
    for view in ops.find(node.op).evaluate(node, [source, *_others(node)]):
        if view.size and not np.may_share_memory(view, source):
            raise Unsupported("the result is no regular part of the input")
        offset = view.__array_interface__["data"][0] - source.__array_interface__["data"][0]
        moves.append(Move(view.shape, view.strides, dense(view.shape), int(offset) if view.size else 0))
    return moves


def _is_run(move: Move) -> bool:
    """Whether the elements lie one after another."""
    return all(is_one(n) or equal(s, t) for n, s, t in zip(move.sizes, move.source, move.target))


def _aliases(node: Node, moves: list[Move]) -> tuple[Alias, ...]:
    size = node.inputs[0].type.dtype.size
    return tuple(Alias(y, node.inputs[0], m.source_offset * size) for y, m in zip(node.outputs, moves))


def _parts(node: Node, moves: list[Move]) -> Candidate:
    """Copies of parts; where every part is a run of the input, none is needed."""
    ones = (1,) * len(node.inputs), (1,) * len(node.outputs)
    if all(map(_is_run, moves)) and not node.inputs[0].is_const:
        return Candidate(lambda made: [], 0.0, *ones, 0, aliases=_aliases(node, moves), why="a view")
    cost = sum(m.cost() for m in moves)
    return Candidate(
        lambda made: [strided(m, made.inputs[0], y) for m, y in zip(moves, made.outputs)],
        cost, *ones, 200, why="strided copy",
    )  # fmt: skip


@serves("Dimshuffle", "Subtensor", "Broadcast")
def one_part(node: Node, target: Target) -> Iterator[Candidate]:
    """Transposes, slices with constant bounds and broadcasts."""
    yield _parts(node, moves_of(node))
    c = target.block_of(node.output.type.dtype.name)
    if c > 1 and _cuts_places(node):
        yield _blocked_cut(node, c)


def _cuts_places(node: Node) -> bool:
    """Whether the node takes rows and columns (h, w) of (n, c, h, w), and all of the other axes."""
    x = node.inputs[0]
    if node.op != "Subtensor" or x.type.rank != 4 or x.is_const or node.output.type.rank != 4:
        return False
    fixed = not any(isinstance(n, Sym) for n in (*x.shape, *node.output.shape))
    return fixed and all(item.axis >= 2 for item in items_of(node, 1))


def _blocked_cut(node: Node, c: int) -> Candidate:
    source = np.empty(node.inputs[0].type.with_block(c).stored_shape, np.int8)
    (view,) = ops.find(node.op).evaluate(node, [source, *_others(node)])
    offset = view.__array_interface__["data"][0] - source.__array_interface__["data"][0] if view.size else 0
    move = Move(view.shape, view.strides, dense(view.shape), int(offset))
    ones = (1,) * (len(node.inputs) - 1)
    return Candidate(
        lambda made: [strided(move, made.inputs[0], made.output)],
        move.cost(), (c, *ones), (c,), 200, why="strided copy of blocks",
    )  # fmt: skip


@serves("Split")
def split(node: Node, target: Target) -> Iterator[Candidate]:
    """Parts along an axis; blocked along channels where every part fills its blocks."""
    yield _parts(node, moves_of(node))
    c = target.block_of(node.output.type.dtype.name)
    axis = own_axis(node, node.inputs[0].type.rank)
    if c == 1 or node.inputs[0].type.rank != 4 or node.inputs[0].is_const:
        return
    if axis != 1 or all(equal(v.shape[1] % c, 0) for v in (*node.inputs[:1], *node.outputs)):
        yield _blocked_split(node, axis, c)


def _blocked_split(node: Node, axis: int, c: int) -> Candidate:
    x = node.inputs[0]
    outer = dense(x.type.with_block(c).stored_shape)
    start, moves = 0, []
    for y in node.outputs:
        shape = y.type.with_block(c).stored_shape
        moves.append(Move(shape, outer, dense(shape), start * outer[axis]))
        start += shape[axis]
    blocks = (c, *(1 for _ in node.inputs[1:])), (c,) * len(node.outputs)
    if all(map(_is_run, moves)):
        return Candidate(lambda made: [], 0.0, *blocks, 0, aliases=_aliases(node, moves), why="views")
    return Candidate(
        lambda made: [strided(m, made.inputs[0], y) for m, y in zip(moves, made.outputs)],
        sum(m.cost() for m in moves), *blocks, 200, why="strided copies",
    )  # fmt: skip
