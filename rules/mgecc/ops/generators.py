"""Operators that make values out of sizes and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.graph.types import FLOAT32
from mgecc.ops.known import at_least_1d, known_sizes
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import OFFSETS


@dataclass(frozen=True)
class LinspaceAttrs(Attributes):
    """``endpoint``: whether the last number is the stop."""

    endpoint: bool = True


@dataclass(frozen=True)
class DiagAttrs(Attributes):
    """``diagonal``: 0 for the main one, positive above it, negative below it."""

    diagonal: Annotated[int, OFFSETS] = 0


@dataclass(frozen=True)
class AllocAttrs(Attributes):
    """``dtype``: of the result."""

    dtype: DType


@dataclass(frozen=True)
class EyeAttrs(DiagAttrs, AllocAttrs):
    """The type of the result, and the diagonal of the ones."""


def _count(node: Node) -> int:
    sizes = known_sizes(node, 2)
    if len(sizes) != 1:
        raise Unsupported(f"{list(sizes)} is not a count")
    return sizes[0]


@operator("Linspace")
class Linspace(Operator):
    """Inputs start, stop, count: float32 numbers in equal steps, the last one stop where ``endpoint`` says so."""

    Attributes = LinspaceAttrs
    operands = "plain plain plain"
    limits = "constant count"

    reads_values = (2,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        if any(v.type.elements != 1 for v in node.inputs):
            raise Unsupported("start, stop and count are not single numbers")
        return [TensorType((_count(node),), FLOAT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        start, stop = (float(x.reshape(-1)[0]) for x in inputs[:2])
        endpoint = node.attributes(LinspaceAttrs).endpoint
        return [np.linspace(start, stop, int(inputs[2].reshape(-1)[0]), endpoint=endpoint)]


@operator("Eye")
class Eye(Operator):
    """Input (n, m): ones on one diagonal, zeros elsewhere."""

    Attributes = EyeAttrs
    operands = "plain"
    limits = "constant sizes"

    reads_values = (0,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        sizes = known_sizes(node, 0)
        if len(sizes) not in (1, 2):
            raise Unsupported(f"{list(sizes)} is not the size of a matrix")
        return [TensorType((sizes[0], sizes[-1]), node.attributes(EyeAttrs).dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        sizes = inputs[0].reshape(-1)
        return [np.eye(int(sizes[0]), int(sizes[-1]), node.attributes(EyeAttrs).diagonal)]


@operator("Diag")
class Diag(Operator):
    """A vector becomes a diagonal of a square matrix; of a matrix that diagonal is taken."""

    Attributes = DiagAttrs
    operands = "any"
    limits = "vectors and matrices"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, k = node.inputs[0].type, node.attributes(DiagAttrs).diagonal
        if x.rank == 1:
            return [x.with_shape((x.shape[0] + abs(k),) * 2)]
        if x.rank != 2:
            raise Unsupported(f"data of rank {x.rank} has no diagonal")
        rows, columns = x.shape[0] + min(k, 0), x.shape[1] - max(k, 0)
        return [x.with_shape((max(min(rows, columns), 0),))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.diag(inputs[0], node.attributes(DiagAttrs).diagonal)]


@operator("Alloc")
class Alloc(Operator):
    """A value of the given shape; its contents are not defined in the format (here: zeros), only the shape is used."""

    Attributes = AllocAttrs
    operands = "plain"
    limits = "constant shapes"

    reads_values = (0,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [TensorType(at_least_1d(known_sizes(node, 0)), node.attributes(AllocAttrs).dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.zeros(list(at_least_1d(inputs[0].reshape(-1))), node.output.type.dtype.numpy)]
