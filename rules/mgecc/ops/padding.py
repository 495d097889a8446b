"""Padding of any axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.known import check_places
from mgecc.ops.registry import Operator, operator
from mgecc.ops.saturating import stored

_MODES: dict[str, Literal["constant", "reflect", "edge"]] = {
    "CONSTANT": "constant",
    "REFLECT": "reflect",
    "REPLICATE": "edge",
}


def offsets(node: Node) -> list[tuple[int, int]]:
    """Elements added before and after each axis."""
    rank = len(node.inputs[0].shape)
    names = [(f"front_offset_dim{i}", f"back_offset_dim{i}") for i in range(rank)]
    return [(int(node.attrs[front]), int(node.attrs[back])) for front, back in names]


@operator("Padding")
class Padding(Operator):
    """'front_offset_dim<i>' before and 'back_offset_dim<i>' after axis i; REFLECT does not repeat the edge."""

    operands = "any"
    limits = "constant sizes"
    halves = "stored"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, mode = node.inputs[0].type, node.attrs["padding_mode"]
        if mode not in _MODES:
            raise Unsupported(f"the padding mode {mode} is not known")
        for size, pair in zip(x.shape, offsets(node)):
            if (mode == "REFLECT" and max(pair) >= max(size, 1)) or (
                mode == "REPLICATE" and not size and any(pair)
            ):
                raise Unsupported(f"an axis of {size} cannot be padded by {pair} in mode {mode}")
            if mode != "CONSTANT":
                check_places(size + sum(pair))
        return [x.with_shape(tuple(n + sum(pair) for n, pair in zip(x.shape, offsets(node))))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, pairs = inputs[0], offsets(node)
        if node.attrs["padding_mode"] != "CONSTANT":
            return [np.pad(x, pairs, mode=_MODES[node.attrs["padding_mode"]])]
        value = stored(np.array(node.attrs["padding_val"], np.float32), node.inputs[0].type.dtype)
        return [np.pad(x, pairs, constant_values=value)]
