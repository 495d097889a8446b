"""Cross products of vectors of three."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.ops.known import axis_of, broadcast_shape, same_dtype
from mgecc.ops.registry import Operator, operator


@dataclass(frozen=True)
class CrossAttrs(Attributes):
    """``axes``: of the vectors in a, in b and in the result; negative ones count from the last."""

    axes: tuple[int, int, int]


@operator("Cross")
class Cross(Operator):
    """Inputs a, b with three numbers along an axis each, and so the result."""

    Attributes = CrossAttrs
    operands = "number number"
    limits = "three numbers along the axis"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        (*axes, last), outer = node.attributes(CrossAttrs).axes, []
        for value, own in zip(node.inputs, axes):
            axis = axis_of(own, len(value.shape))
            if value.shape[axis] != 3:
                raise Unsupported(f"axis {axis} of {list(value.shape)} does not hold three numbers")
            outer.append(value.shape[:axis] + value.shape[axis + 1 :])
        shape = list(broadcast_shape(outer))
        shape.insert(axis_of(last, len(shape) + 1), 3)
        return [TensorType(tuple(shape), same_dtype([v.type for v in node.inputs]))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        *axes, last = node.attributes(CrossAttrs).axes
        a, b = (np.moveaxis(x, axis, -1) for x, axis in zip(inputs, axes))
        turned = [a[..., i - 2] * b[..., i - 1] - a[..., i - 1] * b[..., i - 2] for i in range(3)]
        return [np.stack(turned, last)]
