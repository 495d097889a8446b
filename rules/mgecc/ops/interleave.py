"""Putting images together whose pixels alternate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.registry import Operator, operator


def phases(node: Node) -> list[tuple[int, int, int, int]]:
    """For every input its first row and column in the result, and how many of both it fills."""
    rows, columns = node.attrs["stride"]
    height, width = node.attrs["size"]
    return [
        (y, x, -(-(height - y) // rows), -(-(width - x) // columns))
        for y in range(rows)
        for x in range(columns)
    ]


@operator("Interleave")
class Interleave(Operator):
    """Image (n, c, *'size') whose pixel (y, x) is input (y mod r, x mod s)'s pixel (y / r, x / s), for 'stride' (r, s).

    Inputs in rows of s; what they have below or right of the pixels that count is not read.
    """

    limits = "four axes"
    halves = "stored"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        first = node.inputs[0].type
        for value, (_, _, rows, columns) in zip(node.inputs, phases(node), strict=True):
            enough = value.shape[2] >= rows and value.shape[3] >= columns
            if value.type.dtype != first.dtype or value.shape[:2] != first.shape[:2] or not enough:
                raise Unsupported(f"{value.type} is no part of an image of size {list(node.attrs['size'])}")
        return [first.with_shape((*first.shape[:2], *node.attrs["size"]))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        result = np.empty((*inputs[0].shape[:2], *node.attrs["size"]), inputs[0].dtype)
        step_y, step_x = node.attrs["stride"]
        for part, (y, x, rows, columns) in zip(inputs, phases(node), strict=True):
            result[:, :, y::step_y, x::step_x] = part[:, :, :rows, :columns]
        return [result]
