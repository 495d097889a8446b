"""Rounding to half precision of numbers that stay float32."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.counted import one_by_one
from mgecc.ops.registry import Operator, operator


@operator("RoundHalf")
class RoundHalf(Operator):
    """float32 numbers to the nearest half, ties to even: a conversion to float16 and back."""

    limits = "float32"
    halves = "stored"

    counted = staticmethod(one_by_one)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        if node.inputs[0].type.dtype.name != "float32":
            raise Unsupported(f"{node.inputs[0].type} is not rounded to half precision", "round float32 data")
        return [node.inputs[0].type]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        with np.errstate(over="ignore"):
            return [inputs[0].astype(np.float16).astype(np.float32)]
