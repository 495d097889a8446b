"""Dropout: a record exists only when a model was traced in training mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.graph.attributes import FINITE
from mgecc.ops.registry import Operator, operator


@dataclass(frozen=True)
class DropoutAttrs(Attributes):
    """``probability``: that a number is dropped."""

    probability: Annotated[float, FINITE] = 0.0


@operator("Dropout")
class Dropout(Operator):
    """Results x itself and a mask; served only when nothing is dropped."""

    Attributes = DropoutAttrs
    operands = "any"
    limits = "probability 0 only"
    halves = "stored"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, probability = node.inputs[0].type, node.attributes(DropoutAttrs).probability
        if probability != 0:
            why = f"dropout with probability {probability:g} was traced in training mode"
            raise Unsupported(f"{why} and gives random results", "call model.eval() before tracing")
        return [x, TensorType((x.elements,), DType("uint8"))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [inputs[0], np.ones(inputs[0].size)]
