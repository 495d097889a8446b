"""Cross products of vectors of three."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.known import axis_of, broadcast_shape, same_dtype
from mgecc.ops.registry import Operator, operator


@operator("Cross")
class Cross(Operator):
    """Inputs a, b with three numbers along 'axisa', 'axisb'; the result has them along 'axisc'."""

    operands = "number number"
    limits = "three numbers along the axis"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        outer = []
        for value, name in zip(node.inputs, ("axisa", "axisb")):
            axis = axis_of(int(node.attrs[name]), len(value.shape))
            if value.shape[axis] != 3:
                raise Unsupported(f"axis {axis} of {list(value.shape)} does not hold three numbers")
            outer.append(value.shape[:axis] + value.shape[axis + 1 :])
        shape = list(broadcast_shape(outer))
        shape.insert(axis_of(int(node.attrs["axisc"]), len(shape) + 1), 3)
        return [TensorType(tuple(shape), same_dtype([v.type for v in node.inputs]))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        a, b = (np.moveaxis(x, int(node.attrs[n]), -1) for x, n in zip(inputs, ("axisa", "axisb")))
        turned = [a[..., i - 2] * b[..., i - 1] - a[..., i - 1] * b[..., i - 2] for i in range(3)]
        return [np.stack(turned, int(node.attrs["axisc"]))]
