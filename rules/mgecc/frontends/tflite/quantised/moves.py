"""Operators that move stored numbers: they are the same for all types."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mgecc.graph import Unsupported

from ..constants import type_of
from ..rules import RULES as PLAIN
from . import Tensor, TensorBuilder, TfliteNode, result_type, rule
from .elemwise import rescaled

_MOVES = {
    "Reshape": ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), "Broadcast": ("BROADCAST_TO", "TILE"), "Flip": ("REVERSE_V2",),
    "Dimshuffle": ("TRANSPOSE", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"),
    "Split": ("SPLIT", "SPLIT_V", "UNPACK"), "Subtensor": ("SLICE", "STRIDED_SLICE"), "Padding": ("PAD", "MIRROR_PAD"),
    "MeshIndexing": ("GATHER", "GATHER_ND", "RESIZE_NEAREST_NEIGHBOR"), "SetMeshIndexing": ("DYNAMIC_UPDATE_SLICE",),
    "Alloc": ("FILL", "ZEROS_LIKE"), "GetVarShape": ("SHAPE", "RANK"), "Argmax": ("ARG_MAX",), "Argmin": ("ARG_MIN",),
}  # fmt: skip


def _plain(type_: str) -> Callable[[TfliteNode, TensorBuilder], Sequence[Tensor]]:
    return lambda node, t: PLAIN.find(type_).translate(node, t)


for _operator, _types in _MOVES.items():
    for _type in _types:
        rule(_operator, _type)(_plain(_type))


@rule("Concat", "CONCATENATION", "PACK")
def concatenation(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Parts of another scale get that of the result."""
    y = type_of(node.outputs[0])
    if node.get("fused_activation_function", "NONE") != "NONE":
        raise Unsupported(f"{node.type} of quantised data with a built-in activation is not supported")
    parts = [x if x.dtype == y else rescaled(t, x, result_type(node, 2)) for x in node.given]
    return PLAIN.find(node.type).translate(node.with_operands(parts), t)
