"""RelayoutFormat: explicit changes of the stored layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.graph.attributes import NATURAL, POSITIVE
from mgecc.ops import layout
from mgecc.ops.registry import Operator, operator

_Layout = Literal[
    "nchw", "nhwc", "nchwC", "chwnC", "oihw", "oihwI", "oihwIO", "goihw", "goihwG", "goihwIO"
]  # fmt: skip


@dataclass(frozen=True)
class RelayoutFormatAttrs(Attributes):
    """Layouts ``source`` and ``target``, words of ``layout`` over the axes ``plain``; ``block``: that of the target.

    ``channels``: at most so many are left of data that becomes plain, 0: all.
    """

    source: _Layout
    target: _Layout
    block: Annotated[int, POSITIVE] = 1
    plain: Literal["nchw", "oihw", "goihw"] = "nchw"
    channels: Annotated[int, NATURAL] = 0
    output_dtype: DType | None = None


def change_of(node: Node) -> RelayoutFormatAttrs:
    """What the node does; Unsupported for values of other ranks."""
    attrs, shape = node.attributes(RelayoutFormatAttrs), node.inputs[0].shape
    if len(shape) != len(attrs.source):
        raise Unsupported(f"a value of shape {list(shape)} does not have the layout {attrs.source}")
    return attrs


def _channels(node: Node, plain: tuple[int, ...]) -> tuple[int, ...]:
    """Plain shape after a cut to so many channels, which drops those that only filled the last block."""
    count = node.attributes(RelayoutFormatAttrs).channels
    return (plain[0], min(count, plain[1]), *plain[2:]) if count else plain


@operator("RelayoutFormat")
class RelayoutFormat(Operator):
    """The same numbers in another layout; a last block that is not full is filled with real zeros."""

    Attributes = RelayoutFormatAttrs
    operands = "any"
    limits = "modes of image memory (NHWCD4) are refused"
    halves = "stored"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        change, x = change_of(node), node.inputs[0].type
        shape = layout.plain_shape(x.shape, change.source, change.plain)
        if change.target == "nchw":
            shape = _channels(node, shape)
        result = x.with_shape(layout.stored_shape(shape, change.target, change.block, change.plain))
        return [result if change.output_dtype is None else result.with_dtype(change.output_dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        change = change_of(node)
        plain = layout.unpack(inputs[0], change.source, change.plain)
        if change.target == "nchw":
            plain = plain[:, : _channels(node, plain.shape)[1]]
        fill = node.inputs[0].type.dtype.zero_point
        return [layout.pack(plain, change.target, change.block, change.plain, fill)]
