"""Operators that move stored numbers: they are the same for all types."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..rules import RULES as PLAIN
from . import Tensor, TensorBuilder, TfliteNode, result_type, rule
from .elemwise import rescaled

_MOVES = {
    "Reshape": ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), "Dimshuffle": ("TRANSPOSE", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH"),
    "Broadcast": ("BROADCAST_TO", "TILE"), "Split": ("SPLIT", "SPLIT_V", "UNPACK"), "Flip": ("REVERSE_V2",),
    "Subtensor": ("SLICE", "STRIDED_SLICE"), "MeshIndexing": ("GATHER", "GATHER_ND"), "Padding": ("PAD", "MIRROR_PAD"),
    "GetVarShape": ("SHAPE", "RANK"), "Argmax": ("ARG_MAX",), "Argmin": ("ARG_MIN",),
}  # fmt: skip


def _plain(type_: str) -> Callable[[TfliteNode, TensorBuilder], Sequence[Tensor]]:
    return lambda node, t: PLAIN.find(type_).translate(node, t)


for _operator, _types in _MOVES.items():
    for _type in _types:
        rule(_operator, _type)(_plain(_type))


@rule("Concat", "CONCATENATION", "PACK")
def concatenation(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Parts of another scale get that of the result."""
    y = result_type(node)
    parts = [x if x.dtype == y else rescaled(t, x, y) for x in node.given]
    return PLAIN.find(node.type).translate(node.with_operands(parts), t)
