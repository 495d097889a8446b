"""Axis maps of transposes and reshapes: operands and axes as they are in front of such a movement."""

from __future__ import annotations

from math import prod

import numpy as np

from mgecc.graph import Node, Value
from mgecc.graph.symbolic import Undecided, has_sizes
from mgecc.graph.types import INT32
from mgecc.ops.shapes import DimshuffleAttrs, ReshapeAttrs, pattern_of
from mgecc.passes.build import constant, node_like

MOVES = frozenset({"Dimshuffle", "Reshape"})
_LARGEST_CONSTANT = 1 << 20
Shape = tuple[int, ...]
Groups = list[tuple[list[int], list[int]]]


def transpose(old: Node, x: Value, order: list[int]) -> Node:
    return node_like(old, "Dimshuffle", DimshuffleAttrs(tuple(order)), [x])


def reshape(old: Node, x: Value, shape: Shape) -> Node:
    target = constant(f"{old.name}.shape", np.array(shape), INT32)
    return node_like(old, "Reshape", ReshapeAttrs(), [x, target])


def is_same(one: Node, other: Node) -> bool:
    """Whether both do the same to values of the same shape."""
    return (
        one.op == other.op
        and one.inputs[0].shape == other.inputs[0].shape
        and one.output.shape == other.output.shape
        and (one.op != "Dimshuffle" or pattern_of(one) == pattern_of(other))
    )


def permutation(move: Node) -> list[int] | None:
    """The order of axes of a transpose that neither adds nor drops one."""
    pattern = list(pattern_of(move)) if move.op == "Dimshuffle" else []
    return pattern if pattern and sorted(pattern) == list(range(len(move.inputs[0].shape))) else None


def axis_groups(before: Shape, after: Shape) -> Groups:
    """The fewest axes of both shapes that hold the same elements, from the outermost."""
    groups: Groups = []
    i = j = 0
    while i < len(before) or j < len(after):
        left, right = ([i], [j]) if i < len(before) and j < len(after) else ([], [])
        i, j = i + len(left), j + len(right)
        if not left:  # ones are left on one side
            groups[-1][0].extend(range(i, len(before)))
            groups[-1][1].extend(range(j, len(after)))
            break
        while prod(before[k] for k in left) != prod(after[k] for k in right):
            if prod(before[k] for k in left) < prod(after[k] for k in right):
                left.append(i)
                i += 1
            else:
                right.append(j)
                j += 1
        groups.append((left, right))
    return groups


def known_groups(before: Shape, after: Shape) -> Groups | None:
    """The groups of axes; None where they are not the same for all declared sizes."""
    try:
        return axis_groups(before, after)
    except Undecided:
        return None


def _shape_before(shape: Shape, move: Node) -> Shape | None:
    """A broadcast operand's shape before a reshape: each group of axes is whole or one."""
    before, after = move.inputs[0].shape, move.output.shape
    shape = (1,) * (len(after) - len(shape)) + shape
    found, groups = [1] * len(before), known_groups(before, after)
    if groups is None:
        return None
    for left, right in groups:
        if [shape[k] for k in right] == [after[k] for k in right]:
            for k in left:
                found[k] = before[k]
        elif any(shape[k] != 1 for k in right):
            return None
    return tuple(found)


def constant_before(value: Value, move: Node) -> Value | None:
    """A constant operand as it must be to act before the movement; None if it cannot be said compactly."""
    assert value.const is not None
    if value.const.size == 1:
        return constant(value.name, value.const.reshape(1), value.type.dtype)
    order = permutation(move)
    if has_sizes(move.output.shape) or move.output.type.elements > _LARGEST_CONSTANT:
        return None
    if move.op == "Dimshuffle" and order is None:
        return None
    full = np.broadcast_to(value.const, move.output.shape)
    full = full.reshape(move.inputs[0].shape) if order is None else full.transpose(np.argsort(order))
    return constant(value.name, _compact(full), value.type.dtype)


def _compact(full: np.ndarray) -> np.ndarray:
    """Shrink every axis along which nothing changes to 1."""
    for axis in range(full.ndim):
        first = np.take(full, [0], axis=axis)
        if np.array_equal(np.broadcast_to(first, full.shape), full):
            full = first
    return full


def small_before(value: Value, move: Node) -> list[Node] | None:
    """Nodes that move a computed broadcast operand to where it must be before the movement; the last gives it."""
    order = permutation(move)
    if order is None and move.op == "Dimshuffle":
        return None
    if order is None:
        shape = _shape_before(value.shape, move)
        return None if shape is None else [reshape(move, value, shape)]
    aligned = reshape(move, value, (1,) * (len(order) - len(value.shape)) + value.shape)
    return [aligned, transpose(move, aligned.output, [int(i) for i in np.argsort(order)])]


def axis_before(axis: int, move: Node) -> int | None:
    """The axis that becomes ``axis``, if the movement keeps it whole."""
    order = permutation(move)
    if order is not None or move.op == "Dimshuffle":
        return None if order is None else order[axis]
    for left, right in known_groups(move.inputs[0].shape, move.output.shape) or ():
        if axis in right:
            whole = [k for k in left if move.inputs[0].shape[k] == move.output.shape[axis]]
            return (
                whole[0]
                if whole and prod(move.output.shape[k] for k in right) == move.output.shape[axis]
                else None
            )
    return None
