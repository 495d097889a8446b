"""Putting images together whose pixels alternate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import Cells


@dataclass(frozen=True)
class InterleaveAttrs(Attributes):
    """Along (h, w): how many inputs alternate, and cells of the result."""

    stride: tuple[Cells, Cells]
    size: tuple[Cells, Cells]


def phases(node: Node) -> list[tuple[int, int, int, int]]:
    """For every input its first row and column in the result, and how many of both it fills."""
    attrs = node.attributes(InterleaveAttrs)
    (rows, columns), (height, width) = attrs.stride, attrs.size
    return [
        (y, x, -(-(height - y) // rows), -(-(width - x) // columns))
        for y in range(rows)
        for x in range(columns)
    ]


@operator("Interleave")
class Interleave(Operator):
    """Image (n, c, *size) whose pixel (y, x) is input (y mod r, x mod s)'s pixel (y / r, x / s), for stride (r, s).

    Inputs in rows of s; what they have below or right of the pixels that count is not read.
    """

    Attributes = InterleaveAttrs
    limits = "four axes"
    halves = "stored"
    narrowed = True
    moves = True

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        first, size = node.inputs[0].type, node.attributes(InterleaveAttrs).size
        for value, (_, _, rows, columns) in zip(node.inputs, phases(node), strict=True):
            enough = value.shape[2] >= rows and value.shape[3] >= columns
            if value.type.dtype != first.dtype or value.shape[:2] != first.shape[:2] or not enough:
                raise Unsupported(f"{value.type} is no part of an image of size {list(size)}")
        return [first.with_shape((*first.shape[:2], *size))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(InterleaveAttrs)
        result, (step_y, step_x) = (
            np.empty((*inputs[0].shape[:2], *attrs.size), inputs[0].dtype),
            attrs.stride,
        )
        for part, (y, x, rows, columns) in zip(inputs, phases(node), strict=True):
            result[:, :, y::step_y, x::step_x] = part[:, :, :rows, :columns]
        return [result]
