"""Padding of any axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.graph.attributes import NATURAL
from mgecc.ops.known import check_places
from mgecc.ops.registry import Operator, operator
from mgecc.ops.saturating import stored

_Mode = Literal["constant", "reflect", "replicate"]
_NUMPY: dict[_Mode, Literal["constant", "reflect", "edge"]] = {
    "constant": "constant",
    "reflect": "reflect",
    "replicate": "edge",
}


@dataclass(frozen=True)
class PaddingAttrs(Attributes):
    """``padding``: elements added (before, after) each axis, of ``value`` in mode constant."""

    padding: tuple[tuple[Annotated[int, NATURAL], Annotated[int, NATURAL]], ...]
    mode: _Mode = "constant"
    value: float = 0.0

    @property
    def is_zeros(self) -> bool:
        return self.mode == "constant" and self.value == 0


def only_last(pairs: Sequence[tuple[int, int]], rank: int) -> PaddingAttrs:
    """Zeros around the last axes, so many before and after each."""
    return PaddingAttrs((*[(0, 0)] * (rank - len(pairs)), *pairs))


def _check(size: int, pair: tuple[int, int], mode: _Mode) -> None:
    reflects = mode == "reflect" and max(pair) >= max(size, 1)
    if reflects or (mode == "replicate" and not size and any(pair)):
        raise Unsupported(f"an axis of {size} cannot be padded by {pair} in mode {mode}")
    if mode != "constant":
        check_places(size + sum(pair))


@operator("Padding")
class Padding(Operator):
    """Elements around the data: of one value, or of its own; mode reflect does not repeat the edge."""

    Attributes = PaddingAttrs
    operands = "any"
    limits = "constant sizes"
    halves = "stored"
    narrowed = True

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, attrs = node.inputs[0].type, node.attributes(PaddingAttrs)
        if len(attrs.padding) != x.rank:
            raise Unsupported(f"{x} cannot be padded by {attrs.padding}")
        for size, pair in zip(x.shape, attrs.padding):
            _check(size, pair, attrs.mode)
        return [x.with_shape(tuple(n + sum(pair) for n, pair in zip(x.shape, attrs.padding)))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, attrs = inputs[0], node.attributes(PaddingAttrs)
        if attrs.mode != "constant":
            return [np.pad(x, attrs.padding, mode=_NUMPY[attrs.mode])]
        value = stored(np.array(attrs.value, np.float32), node.inputs[0].type.dtype)
        return [np.pad(x, attrs.padding, constant_values=value)]
