"""Dropout: a record exists only when a model was traced in training mode."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import DType, Node, TensorType, Unsupported
from mgecc.ops.registry import Operator, operator


@operator("Dropout")
class Dropout(Operator):
    """Results x itself and a mask; served only when nothing is dropped."""

    operands = "any"
    limits = "drop_prob = 0 only"
    halves = "stored"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        if node.attrs["drop_prob"] != 0:
            why = f"dropout with probability {node.attrs['drop_prob']:g} was traced in training mode"
            raise Unsupported(f"{why} and gives random results", "call model.eval() before tracing")
        return [x, TensorType((x.elements,), DType("uint8"))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [inputs[0], np.ones(inputs[0].size)]
