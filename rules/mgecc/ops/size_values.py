"""Numbers that follow from declared sizes as a tensor; made by a pass, not read from files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType
from mgecc.ops.registry import Operator, operator


@operator("SizeValues")
class SizeValues(Operator):
    """attrs: 'numbers', expressions over sizes, which fill the tensor of 'type' row by row."""

    limits = "numbers that depend on declared sizes alone"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [node.attrs["type"]]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        kind = node.attrs["type"]
        return [np.array([int(n) for n in node.attrs["numbers"]], kind.dtype.numpy).reshape(kind.shape)]
