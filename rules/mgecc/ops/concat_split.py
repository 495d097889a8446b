"""Joining values along an axis and cutting them apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.graph.types import INT32
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


@operator("ConcatCounted")
class ConcatCounted(Operator):
    """Values joined along 'axis' of which some are valid in their first elements only; and how many those are together.

    Inputs: the values, then a count (int32) for each that is 'counted'. The first result has the size of its bound.
    """

    limits = "at most eight operands of one element type"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        parts = node.inputs[: len(node.attrs["counted"])]
        joined = Node("Concat", node.name, node.attrs, parts, origin=node.origin)
        if len(parts) > 8:
            raise Unsupported(f"{len(parts)} values of varying size cannot be joined", "join eight at a time")
        return [*Concat.infer(joined), TensorType((1,), INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        counted = node.attrs["counted"]
        axis = axis_of(int(node.attrs["axis"]), inputs[0].ndim)
        counts = iter(inputs[len(counted) :])
        parts = [
            np.take(x, np.arange(int(next(counts)[0]) if varies else x.shape[axis]), axis)
            for x, varies in zip(inputs, counted)
        ]
        result = np.concatenate(parts, axis)
        return [result, np.array([result.shape[axis]], np.int32)]


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
