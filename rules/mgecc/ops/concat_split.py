"""Joining values along an axis and cutting them apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.known import axis_of, known_sizes, same_dtype
from mgecc.ops.registry import Operator, operator


@operator("Concat", "Concat")
class Concat(Operator):
    """Values of one type joined along 'axis'."""

    limits = "operands of one element type"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        types = [v.type for v in node.inputs]
        axis = axis_of(int(node.attrs["axis"]), types[0].rank)
        others = {t.shape[:axis] + t.shape[axis + 1 :] for t in types if t.rank == types[0].rank}
        if len(others) != 1 or any(t.rank != types[0].rank for t in types):
            shapes = ", ".join(str(list(t.shape)) for t in types)
            raise Unsupported(f"values of shapes {shapes} cannot be joined along axis {axis}")
        shape = list(types[0].shape)
        shape[axis] = sum(t.shape[axis] for t in types)
        return [TensorType(tuple(shape), same_dtype(types))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.concatenate(inputs, axis_of(int(node.attrs["axis"]), inputs[0].ndim))]


def _sizes(node: Node) -> list[int]:
    sizes = [known_sizes(node, i) for i in range(1, len(node.inputs))]
    if any(len(s) != 1 for s in sizes):
        raise Unsupported("the size of a part is not one number")
    return [s[0] for s in sizes]


@operator("Split", "Split")
class Split(Operator):
    """Inputs x and the size of every part along 'axis'."""

    limits = "constant sizes"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, sizes = node.inputs[0].type, _sizes(node)
        axis = axis_of(int(node.attrs["axis"]), x.rank)
        if sum(sizes) != x.shape[axis]:
            raise Unsupported(f"an axis of {x.shape[axis]} cannot be cut into parts of {sizes}")
        return [x.with_shape(x.shape[:axis] + (n,) + x.shape[axis + 1 :]) for n in sizes]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        axis = axis_of(int(node.attrs["axis"]), inputs[0].ndim)
        return np.split(inputs[0], np.cumsum(_sizes(node))[:-1], axis)
