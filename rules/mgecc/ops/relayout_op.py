"""Change of a value's place in memory between NCHW and NCHWc; made by the planner, not read from files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType
from mgecc.ops.registry import Operator, operator


@operator("Relayout")
class Relayout(Operator):
    """The same numbers; attrs 'from' and 'to' are channel blocks, 1 is plain. Arrays of the meaning stay plain."""

    limits = "channel blocks of values of rank 4"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [node.inputs[0].type.with_block(node.attrs["to"])]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [inputs[0]]
