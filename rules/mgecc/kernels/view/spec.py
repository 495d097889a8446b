"""Reshapes, identities, bits read as another type: the result lies where the operand lies."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node
from mgecc.graph.symbolic import equal
from mgecc.kernels.base import Alias, Call, Candidate, serves
from mgecc.ops.copies import COPIES
from mgecc.ops.relayout_op import RelayoutAttrs
from mgecc.targets import Target


def _no_calls(node: Node) -> list[Call]:
    return []


def _view(node: Node, block: int) -> Candidate:
    blocks = (block, *(1 for _ in node.inputs[1:]))
    aliases = (Alias(node.output, node.inputs[0], 0),)
    return Candidate(_no_calls, 1.0, blocks, (block,), code=0, aliases=aliases, why="same bytes")


@serves("Reshape", "AxisAddRemove", "BitCast")
def reshape(node: Node, target: Target) -> Iterator[Candidate]:
    """Plain layout only: blocks do not survive a change of axes."""
    yield _view(node, 1)


@serves(*COPIES)
def identity(node: Node, target: Target) -> Iterator[Candidate]:
    """Any layout passes through."""
    yield _view(node, 1)
    block = target.block_of(node.output.type.dtype.name)
    if block > 1 and len(node.output.shape) == 4:
        yield _view(node, block)


@serves("Relayout")
def same_bytes(node: Node, target: Target) -> Iterator[Candidate]:
    """One pixel without padding lanes lies the same in every layout."""
    value, attrs = node.inputs[0], node.attributes(RelayoutAttrs)
    have, want = attrs.before, attrs.after
    _, channels, h, w = value.shape
    if equal(h * w, 1) and equal(channels % have, 0) and equal(channels % want, 0):
        aliases = (Alias(node.output, value, 0),)
        yield Candidate(_no_calls, 1.0, (have,), (want,), code=0, aliases=aliases, why="same bytes")
