"""Dequantize: known integers as the real numbers that they stand for, by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.graph.attributes import FINITE, NATURAL
from mgecc.graph.types import FLOAT32
from mgecc.ops.registry import Operator, operator


@dataclass(frozen=True)
class DequantizeAttrs(Attributes):
    """``scales``, ``zero_points``: one, or one for each part of the data along ``axis``."""

    scales: tuple[Annotated[float, FINITE], ...]
    zero_points: tuple[int, ...]
    axis: Annotated[int, NATURAL] = 0


@operator("Dequantize")
class Dequantize(Operator):
    """(x - zero point) * scale in single precision, of constants. Source: DequantizeLinear of the ONNX standard.

    The passes put integers in the place of products of such numbers, or else the numbers (fuse-dequantised).
    """

    Attributes = DequantizeAttrs
    operands = "integer"
    limits = "constants"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, attrs = node.inputs[0].type, node.attributes(DequantizeAttrs)
        for numbers in (attrs.scales, attrs.zero_points):
            if len(numbers) != 1 and (attrs.axis >= x.rank or len(numbers) != x.shape[attrs.axis]):
                raise Unsupported(f"{len(numbers)} scales do not fit {x} along axis {attrs.axis}")
        return [x.with_dtype(FLOAT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        scales, zeros = spread(node.attributes(DequantizeAttrs), inputs[0].ndim)
        return [(inputs[0].astype(np.float32) - zeros.astype(np.float32)) * scales]


def spread(attrs: DequantizeAttrs, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Scales and zero points in shapes that broadcast to the data."""
    shape = [-1 if k == attrs.axis else 1 for k in range(rank)]
    scales, zeros = np.array(attrs.scales, np.float32), np.array(attrs.zero_points, np.int64)
    return tuple(a.reshape(shape if a.size > 1 else [1] * rank) for a in (scales, zeros))  # type: ignore[return-value]
