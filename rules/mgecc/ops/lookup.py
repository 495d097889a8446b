"""Functions of one 8-bit number, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.ops.counted import one_by_one
from mgecc.ops.registry import Operator, operator


@dataclass(frozen=True)
class ThresholdsAttrs(Attributes):
    """``base``: the result below all thresholds, of type ``output_dtype`` as all others."""

    base: int
    output_dtype: DType


@operator("Lookup8")
class Lookup8(Operator):
    """y = table[x]: x stores bytes, read without sign; the second input is a constant table of 256 results."""

    limits = "bytes in; results of 8, 16 or 32 bits"

    counted = staticmethod(one_by_one)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, table = (v.type for v in node.inputs)
        if x.dtype.size != 1 or table.shape != (256,):
            raise Unsupported(f"a table of shape {list(table.shape)} cannot be read by {x.dtype} numbers")
        return [x.with_dtype(table.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, table = inputs
        return [table[np.ascontiguousarray(x).view(np.uint8)].reshape(x.shape)]


@operator("Thresholds")
class Thresholds(Operator):
    """y = ``base`` + how many of the thresholds, int32 in rising order, x reaches: a function that rises."""

    Attributes = ThresholdsAttrs
    limits = "int32 or qint32 in, bytes out; at most 255 thresholds"

    counted = staticmethod(one_by_one)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, thresholds = (v.type for v in node.inputs)
        if x.dtype.name not in ("int32", "qint32") or thresholds.rank != 1 or thresholds.elements > 255:
            raise Unsupported(
                f"{thresholds.elements} steps of {x.dtype} numbers are no function with bytes as results"
            )
        return [x.with_dtype(node.attributes(ThresholdsAttrs).output_dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, thresholds = inputs
        return [np.searchsorted(thresholds, x, side="right") + node.attributes(ThresholdsAttrs).base]
