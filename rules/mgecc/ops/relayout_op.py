"""Change of a value's place in memory between NCHW and NCHWc; made by the planner, not read from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, Node, TensorType
from mgecc.ops.registry import Operator, operator


@dataclass(frozen=True)
class RelayoutAttrs(Attributes):
    """Channel blocks ``before`` and ``after``; 1 is plain."""

    before: int
    after: int


@operator("Relayout")
class Relayout(Operator):
    """The same numbers; only its channel block is another. Arrays of the meaning stay plain."""

    Attributes = RelayoutAttrs
    limits = "channel blocks of values of rank 4"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [node.inputs[0].type.with_block(node.attributes(RelayoutAttrs).after)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [inputs[0]]
