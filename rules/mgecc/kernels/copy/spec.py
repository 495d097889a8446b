"""Candidates for operators that move data: views and strided copies, joins, padding, changes of channel block."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

import numpy as np

from mgecc.graph import Node, Value
from mgecc.graph.symbolic import equal, has_sizes, is_one
from mgecc.kernels.base import Alias, Call, Candidate, serves
from mgecc.kernels.copy import views  # registers its own operators
from mgecc.kernels.copy.calls import Move, Padded, edges, fill, lookup, relayout, strided
from mgecc.kernels.strides import dense
from mgecc.ops.interleave import InterleaveAttrs, phases
from mgecc.ops.known import own_axis
from mgecc.ops.padding import PaddingAttrs
from mgecc.ops.relayout_op import RelayoutAttrs
from mgecc.ops.saturating import stored
from mgecc.targets import Target

__all__ = ["concat", "padding", "relayouts", "views"]


def _joins(node: Node, axis: int, c: int) -> list[tuple[Value, Move, Alias | None]]:
    """For every input the copy into the result; a place where that is one run of bytes."""
    y = node.output
    whole = y.type.with_block(c).stored_shape
    steps, start, found = dense(whole), 0, []
    for x in node.inputs:
        shape = x.type.with_block(c).stored_shape
        move = Move(shape, dense(shape), steps, 0, start * steps[axis])
        run = all(map(is_one, whole[:axis])) and not x.is_const
        found.append((x, move, Alias(x, y, move.target_offset * y.type.dtype.size) if run else None))
        start += shape[axis]
    return found


def _join(axis: int, c: int, node: Node) -> list[Call]:
    return [strided(move, x, node.output, place) for x, move, place in _joins(node, axis, c)]


@serves("Concat")
def concat(node: Node, target: Target) -> Iterator[Candidate]:
    """One copy an input, dropped where the input can be computed in its place."""
    axis = own_axis(node, node.output.type.rank)
    c = target.block_of(node.output.type.dtype.name)
    fits = axis != 1 or all(equal(x.shape[1] % c, 0) for x in node.inputs if len(x.shape) > 1)
    blocks = [1, c] if c > 1 and node.output.type.rank == 4 and fits else [1]
    for block in blocks:
        if block > 1 and any(x.is_const for x in node.inputs):
            continue
        cost = sum(4.0 if place else move.cost() for _, move, place in _joins(node, axis, block))
        ins = (block,) * len(node.inputs)
        yield Candidate(
            partial(_join, axis, block), cost, ins, (block,), 200, why="computed in place or copied"
        )


def _woven(c: int, node: Node) -> list[Call]:
    """One copy an input, a block of channels of a pixel at a time."""
    y = node.output
    whole = y.type.with_block(c).stored_shape
    images, width, near = (*whole[:2], *whole[4:]), y.shape[3], dense(whole)
    step_y, step_x = node.attributes(InterleaveAttrs).stride
    calls = []
    for value, (row, column, rows, columns) in zip(node.inputs, phases(node), strict=True):
        far = dense(value.type.with_block(c).stored_shape)
        target = (near[0], near[1], step_y * near[2], step_x * near[3], *near[4:])
        sizes = (*images[:2], rows, columns, *images[2:])
        calls.append(strided(Move(sizes, far, target, 0, (row * width + column) * near[3]), value, y))
    return calls


@serves("Interleave")
def interleave(node: Node, target: Target) -> Iterator[Candidate]:
    """Pixel by pixel, with their blocks of channels where there are some."""
    c = target.block_of(node.output.type.dtype.name)
    for block in {1, c}:
        cost = 40.0 * len(node.inputs) + 4.0 * node.output.type.elements / block
        ins = (block,) * len(node.inputs)
        yield Candidate(partial(_woven, block), cost, ins, (block,), 300, why="pixels put in their places")


def _bits(array: np.ndarray) -> int:
    """One stored number as the int32 whose low bytes it is."""
    return int.from_bytes(array.tobytes().ljust(4, b"\0"), "little", signed=True)


def _pad_constant(block: int, node: Node) -> list[Call]:
    x, y, attrs = node.inputs[0], node.output, node.attributes(PaddingAttrs)
    value = stored(np.array([attrs.value], np.float32), x.type.dtype).astype(x.type.dtype.numpy)
    shape, whole = (v.type.with_block(block).stored_shape for v in (x, y))
    steps = dense(whole)
    begin = sum(front * step for (front, _), step in zip(attrs.padding, steps))
    return [fill(y, _bits(value)), strided(Move(shape, dense(shape), steps, 0, begin), x, y)]


def _pads_in_blocks(node: Node, c: int) -> bool:
    """Whether blocks of ``c`` channels stay whole: others may only follow full ones."""
    x, attrs = node.inputs[0].type, node.attributes(PaddingAttrs)
    if c == 1 or x.rank != len("nchw") or attrs.mode != "constant":
        return False
    before, behind = attrs.padding[1]
    return before == 0 and (behind == 0 or equal(x.shape[1] % c, 0))


def _pad_repeated(node: Node) -> list[Call]:
    """Reflected and repeated edges: every axis reads the input at a table of positions."""
    x, y, attrs = node.inputs[0], node.output, node.attributes(PaddingAttrs)
    ends = attrs.padding
    # Axes in front that nothing is added to need no table.
    first = next((i for i, pair in enumerate(ends) if any(pair)), 0) if has_sizes(x.shape) else 0
    axes = [Padded(*axis) for axis in list(zip(x.shape, ends, dense(x.shape)))[first:]]
    table, calls = edges(attrs.mode, axes)
    outer = (prod(x.shape[:first]), prod(x.shape[first:])) if first else None
    return [*calls, lookup(x, y, table, axes, outer)]


@serves("Padding")
def padding(node: Node, target: Target) -> Iterator[Candidate]:
    """Constant padding fills and copies, also in channel blocks; the others look positions up in plain layout."""
    cost, c = node.output.type.elements, target.block_of(node.output.type.dtype.name)
    if node.attributes(PaddingAttrs).mode != "constant":
        yield Candidate(_pad_repeated, 60.0 + cost * 4.0, (1,), (1,), 300, why="table of positions")
        return
    for block in (1, c) if _pads_in_blocks(node, c) else (1,):
        build = partial(_pad_constant, block)
        yield Candidate(build, 60.0 + cost * 1.5, (block,), (block,), 300, why="fill and copy")


@serves("Alloc")
def allocated(node: Node, target: Target) -> Iterator[Candidate]:
    """Zeros; whatever the contents are, they are the same in every run."""
    cost = 40.0 + node.output.type.elements / 4
    blocks = (1,) * len(node.inputs)
    yield Candidate(lambda made: [fill(made.output, 0)], cost, blocks, (1,), 60, why="filled with zeros")


@serves("Relayout")
def relayouts(node: Node, target: Target) -> Iterator[Candidate]:
    """Between channel blocks that are not the same bytes."""
    x, attrs = node.inputs[0], node.attributes(RelayoutAttrs)
    before, after = attrs.before, attrs.after
    _, ch, h, w = x.shape
    if equal(h * w, 1) and equal(ch % before, 0) and equal(ch % after, 0):
        return  # a view
    yield Candidate(
        lambda made: [relayout(made.inputs[0], made.output)],
        200.0 + 1.5 * x.type.elements, (before,), (after,), 250, why="change of layout",
    )  # fmt: skip
