"""Which indexing operators are served, and by which walks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mgecc.graph import Node, Unsupported, Value
from mgecc.kernels.base import Call, Candidate, Const, Operand, Workspace, serves
from mgecc.kernels.index import opening
from mgecc.kernels.index.moves import COLOURS, MOVES, colours
from mgecc.kernels.index.records import one_hot, remap, walk_of
from mgecc.kernels.index.walk import Mode, Walk, merged, walk_kernel
from mgecc.kernels.numbers import WORDS, ctype_of
from mgecc.ops.image import CvtColorAttrs
from mgecc.ops.indexing import PARTS
from mgecc.ops.scatter_reduce import ScatterReduceAttrs
from mgecc.targets import Target

_READS = sorted(PARTS)
_SETS, _ADDS = (sorted(names) for names in zip(*PARTS.values()))


@dataclass(frozen=True, eq=False)
class _Plan:
    """A walk, what it does, and positions of inputs: the near tensor (for reads the far one) and the index arrays."""

    walk: Walk
    mode: Mode
    source: int = 0
    index: tuple[int, ...] = ()
    interleaved: bool = False


def moving(value: Value, action: str, init: str = "none") -> Mode:
    """Pure movement of elements, whatever they mean."""
    size = value.type.dtype.size
    return Mode(action, WORDS[size], f"e{size}", init)


def _adding(value: Value) -> Mode:
    kind = value.type.dtype
    if kind.name == "float32":
        return Mode("add", "float", "f32", "copy")
    if kind.is_float or kind.is_quantized or kind.name == "bool":
        raise Unsupported(f"adding to parts of {kind} data has no kernel", "add in float32 or int32")
    return Mode("add", WORDS[kind.size], f"i{8 * kind.size}", "copy")  # integers wrap around


def _combining(value: Value, action: str) -> Mode:
    ctype, letters = ctype_of(value.type.dtype)
    if value.type.dtype.is_quantized:
        raise Unsupported(f"parts of {value.type.dtype} data are only replaced", "dequantise them")
    return Mode(action, ctype, letters, "copy")


def _index_operand(value: Value) -> Operand:
    """An index array as int32."""
    if value.const is not None:
        return Const(partial(np.ascontiguousarray, value.const, np.int32))
    if value.type.dtype.name != "int32":
        raise Unsupported(f"computed indices of type {value.type.dtype} have no kernel", "cast them to int32")
    return value


def _call(plan: _Plan, node: Node, to: Operand = None) -> list[Call]:
    """``to``: where the result goes instead of the node's output."""
    walk = merged(plan.walk)
    if not node.output.type.elements:
        return []
    if not walk.elements:  # nothing is addressed: what is left of a write is its copy
        walk = Walk(0, (replace(walk.loops[0], n=0, index=()),))
        plan = replace(plan, index=(), interleaved=False)
    kernel, numbers = walk_kernel(walk, plan.mode, node.output.type.nbytes, plan.interleaved)
    first = [node.inputs[0]] if plan.mode.init == "copy" else []
    index = [_index_operand(node.inputs[p]) for p in plan.index]
    operands = [*first, node.inputs[plan.source], *index, to or node.output]
    return [Call(kernel, tuple(operands), numbers)]


def _candidate(node: Node, plan: _Plan) -> Candidate:
    if plan.walk.elements and any(not size for size, _ in plan.walk.axes):
        raise Unsupported("an axis without elements is indexed")
    for position in plan.index:
        _index_operand(node.inputs[position])
    walk = merged(plan.walk)
    write = plan.mode.init == "copy"
    reused = write and node.inputs[0] not in node.inputs[1:]
    copied = node.output.type.nbytes / 16 if plan.mode.init != "none" else 0
    return Candidate(
        partial(_call, plan),
        60 + walk.elements * (3 + 5 * len(walk.axes) / len(walk.loops)) + copied,
        (1,) * len(node.inputs),
        (1,) * len(node.outputs),
        200 + 60 * len(walk.loops),
        (0,) if reused else (),
        why="walk over the addressed part",
    )


@serves(*_READS)
def reads(node: Node, target: Target) -> Iterator[Candidate]:
    """Parts by slices, index arrays and index vectors per axis."""
    if node.op == "Subtensor" and opening.open_items(node):
        yield _opened(node)
        return
    walk, index = walk_of(node)
    yield _candidate(node, _Plan(walk, moving(node.inputs[0], "get"), 0, index))


def _opened(node: Node) -> Candidate:
    """Everything else first, into scratch memory, then the slices with computed bounds."""
    opening.check(node)
    rest = opening.rest_of(node)
    walk, index = walk_of(rest)
    plan = _Plan(walk, moving(node.inputs[0], "get"), 0, index)
    first = _candidate(rest, plan)
    steps = first.cost + 60 + 8 * node.output.type.elements
    blocks = (1,) * len(node.inputs), (1,) * len(node.outputs)
    return Candidate(
        partial(_open_calls, plan), steps, *blocks, first.code + 400, why="cut where the bounds say"
    )


def _open_calls(plan: _Plan, node: Node) -> list[Call]:
    rest = opening.rest_of(node)
    if not node.output.type.elements:
        return []
    if len(rest.inputs) == 1:
        return opening.cuts(node, rest.output.type, node.inputs[0])
    whole = Workspace(rest.output.type.nbytes)
    return [*_call(plan, rest, whole), *opening.cuts(node, rest.output.type, whole)]


@serves(*_SETS)
def sets(node: Node, target: Target) -> Iterator[Candidate]:
    """A copy whose addressed part is replaced."""
    walk, index = walk_of(node)
    mode = moving(node.inputs[0], "set", "copy")
    yield _candidate(node, _Plan(walk, mode, 1, index))


@serves(*_ADDS)
def adds(node: Node, target: Target) -> Iterator[Candidate]:
    """A copy to whose addressed part something is added; an element addressed twice gets both."""
    walk, index = walk_of(node)
    yield _candidate(node, _Plan(walk, _adding(node.inputs[0]), 1, index))


@serves("IndexingReduceMultiAxisVec")
def reductions(node: Node, target: Target) -> Iterator[Candidate]:
    """A copy whose addressed part is combined with something, one element after the other."""
    walk, index = walk_of(node)
    mode = _combining(node.inputs[0], node.attributes(ScatterReduceAttrs).mode)
    yield _candidate(node, _Plan(walk, mode, 1, index))


@serves("IndexingOneHot", "IndexingSetOneHot")
def one_hots(node: Node, target: Target) -> Iterator[Candidate]:
    """One element along an axis, read or replaced."""
    if node.op == "IndexingOneHot":
        plan = _Plan(one_hot(node), moving(node.inputs[0], "get"), 0, (1,))
    else:
        plan = _Plan(one_hot(node), moving(node.inputs[0], "set", "copy"), 2, (1,))
    yield _candidate(node, plan)


@serves("IndexingRemap")
def remaps(node: Node, target: Target) -> Iterator[Candidate]:
    """Elements by coordinates."""
    mode = moving(node.inputs[0], "get")
    yield _candidate(node, _Plan(remap(node), mode, 0, (1,), interleaved=True))


@serves(*sorted(MOVES))
def moves(node: Node, target: Target) -> Iterator[Candidate]:
    """Flips, rotations and diagonals: walks without index arrays."""
    walk, action = MOVES[node.op](node)
    mode = moving(node.inputs[0], action, "zero" if action == "set" else "none")
    yield _candidate(node, _Plan(walk, mode))


@serves("CvtColor")
def channels(node: Node, target: Target) -> Iterator[Candidate]:
    """Colour conversions that only choose channels."""
    if node.attributes(CvtColorAttrs).mode in COLOURS:
        yield _candidate(node, _Plan(colours(node), moving(node.inputs[0], "get")))
