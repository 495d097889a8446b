"""RelayoutFormat: explicit changes of the stored layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops import layout
from mgecc.ops.registry import Operator, operator


@dataclass(frozen=True)
class Change:
    """From one layout word to another; ``block`` is that of the target."""

    source: str
    target: str
    block: int = 1
    plain: str = "nchw"


_MODES = {
    "NCHW_NHWC": Change("nchw", "nhwc"),
    "NHWC_NCHW": Change("nhwc", "nchw"),
    "NCHW_NCHW4": Change("nchw", "nchwC", 4),
    "NCHW_NCHW4_IC_SMALL": Change("nchw", "nchwC", 4),
    "NCHW_NCHW88": Change("nchw", "nchwC", 8),
    "NCHW_NCHW64": Change("nchw", "nchwC", 64),
    "NCHW4_NCHW": Change("nchwC", "nchw"),
    "NCHW88_NCHW": Change("nchwC", "nchw"),
    "NCHW64_NCHW": Change("nchwC", "nchw"),
    "NCHW4_CHWN4": Change("nchwC", "chwnC", 4),
    "CHWN4_NCHW4": Change("chwnC", "nchwC", 4),
    "NCHW_NCHW4_WEIGHT": Change("oihw", "oihwI", 4, "oihw"),
    "NCHW_NCHW4_IC_SMALL_CONV_DENSE_WEIGHT": Change("oihw", "oihwI", 4, "oihw"),
    "NCHW_NCHW88_CONV_DENSE_WEIGHT": Change("oihw", "oihwIO", 8, "oihw"),
    "NCHW_NCHW88_CONV_GROUP_WEIGHT": Change("goihw", "goihwIO", 8, "goihw"),
    "NCHW_NCHW88_CONV_CHAN_WEIGHT": Change("goihw", "goihwG", 8, "goihw"),
}


def change_of(node: Node) -> Change:
    """What the node's mode does; Unsupported for unknown modes and values of other ranks."""
    mode, shape = str(node.attrs["mode"]), node.inputs[0].shape
    found = _MODES.get(mode)
    if found is None:
        advice = "dump the model without enable_hwcd4" if "NHWCD4" in mode or "INTER_WEIGHT" in mode else ""
        raise Unsupported(f"the change of layout {mode} is not supported", advice)
    if len(shape) != len(found.source):
        raise Unsupported(f"a value of shape {list(shape)} does not have the first layout of {mode}")
    return found


def _channels(node: Node, plain: tuple[int, ...]) -> tuple[int, ...]:
    """Plain shape after a cut to ``oc`` channels, which drops those that only filled the last block."""
    count = int(node.attrs.get("oc", 0))
    return (plain[0], min(count, plain[1]), *plain[2:]) if count else plain


@operator("RelayoutFormat")
class RelayoutFormat(Operator):
    """The same numbers in another layout; a last block that is not full is filled with real zeros."""

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
        stated = node.attrs.get("output_dtype")
        return [result if stated is None else result.with_dtype(stated)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        change = change_of(node)
        plain = layout.unpack(inputs[0], change.source, change.plain)
        if change.target == "nchw":
            plain = plain[:, : _channels(node, plain.shape)[1]]
        fill = node.inputs[0].type.dtype.zero_point
        return [layout.pack(plain, change.target, change.block, change.plain, fill)]
