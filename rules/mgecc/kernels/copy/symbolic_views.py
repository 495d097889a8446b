"""The elements that views of tensors with declared sizes hold, by arithmetic: no array has such strides."""

from __future__ import annotations

from collections.abc import Callable

from mgecc.graph import Node, Unsupported
from mgecc.kernels.copy.calls import Move
from mgecc.kernels.strides import broadcast_strides, dense
from mgecc.ops.index_items import is_open, items_of, slice_of, span_of
from mgecc.ops.known import own_axis
from mgecc.ops.shapes import pattern_of


def _transposed(node: Node) -> list[Move]:
    steps = dense(node.inputs[0].shape)
    source = tuple(0 if p < 0 else steps[p] for p in pattern_of(node))
    return [Move(node.output.shape, source, dense(node.output.shape))]


def _stretched(node: Node) -> list[Move]:
    shape = node.output.shape
    return [Move(shape, broadcast_strides(node.inputs[0].shape, shape), dense(shape))]


def _parts(node: Node) -> list[Move]:
    steps, axis = dense(node.inputs[0].shape), own_axis(node, node.inputs[0].type.rank)
    moves, start = [], 0
    for y in node.outputs:
        moves.append(Move(y.shape, steps, dense(y.shape), start * steps[axis]))
        start += y.shape[axis]
    return moves


def _sliced(node: Node) -> list[Move]:
    sizes, steps, start = list(node.inputs[0].shape), list(dense(node.inputs[0].shape)), 0
    gone = set()
    for item in items_of(node, 1):
        if is_open(node, item) or (item.idx is not None and not node.inputs[item.idx].is_const):
            raise Unsupported("its bounds are computed from the model's data", "give it constant bounds")
        arrays = [v.const for v in node.inputs]
        if item.idx is None:
            first, count, step = span_of(slice_of(item, arrays), sizes[item.axis])
        else:
            first, count, step = _position(node, item.idx, sizes[item.axis]), 1, 1
            gone.add(item.axis)
        start += first * steps[item.axis]
        sizes[item.axis], steps[item.axis] = count, steps[item.axis] * step
    kept = [i for i in range(len(sizes)) if i not in gone] or [0]
    shape = tuple(sizes[i] for i in kept)
    return [Move(shape, tuple(steps[i] for i in kept), dense(shape), start)]


def _position(node: Node, place: int, size: int) -> int:
    array = node.inputs[place].const
    assert array is not None
    k = int(array.reshape(-1)[0])
    if not -size <= k < size:
        raise Unsupported(f"there is no element {k} of {size}")
    return k + size if k < 0 else k


_RULES: dict[str, Callable[[Node], list[Move]]] = {
    "Broadcast": _stretched,
    "Dimshuffle": _transposed,
    "Split": _parts,
    "Subtensor": _sliced,
}


def sized_moves(node: Node) -> list[Move]:
    """For every result, the elements of input 0 that it holds."""
    return _RULES[node.op](node)
