"""The shape of data as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, Node, TensorType
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import INT32
from mgecc.ops.counted import Extents, Given, Maker, Numbers, aligned
from mgecc.ops.counts import Count
from mgecc.ops.known import AxisAttrs, axis_of, broadcast_shape
from mgecc.ops.registry import Operator, operator


@dataclass(frozen=True)
class GetVarShapeAttrs(Attributes):
    """``axis``: the element of the shape that is asked for; None: all of it."""

    axis: int | None = None


def shape_asked(node: Node, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """What a GetVarShape node says of operands of these shapes."""
    shape, axis = broadcast_shape(shapes), node.attributes(GetVarShapeAttrs).axis
    return shape if axis is None else (shape[axis_of(axis, len(shape))],)


@operator("GetVarShape")
class GetVarShape(Operator):
    """The shape to which all inputs broadcast, as int32; with 'axis' one element of it."""

    Attributes = GetVarShapeAttrs
    operands = "any+"
    limits = "fixed shapes: becomes a constant; of data of varying size: its count beside constants"

    reads_shapes_only = True

    @classmethod
    def of_sizes(cls, node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return np.array(shape_asked(node, [v.shape for v in node.inputs]), object)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        return [None]

    @staticmethod
    def numbers(node: Node, given: Given) -> Numbers | None:
        rank = max(v.type.rank for v in node.inputs)
        extent = aligned([v.type for v in node.inputs], given.extents, rank)
        numbers: Numbers = list(broadcast_shape([v.shape for v in node.inputs]))
        if extent is not None:
            numbers[extent.axis] = extent.size
        axis = node.attributes(GetVarShapeAttrs).axis
        return numbers if axis is None else [numbers[axis_of(axis, rank)]]

    @classmethod
    def lowered(cls, node: Node, given: Given, found: Extents, make: Maker) -> Node:
        """The number that varies, beside constants."""
        numbers = cls.numbers(node, given) or []
        parts = [make.count(n if isinstance(n, Count) else Count(n)) for n in numbers]
        joins = len(parts) > 1
        op, attrs = ("Concat", AxisAttrs(0)) if joins else ("Identity", NoAttrs())
        made = Node(op, node.name, attrs, parts, origin=node.origin)
        made.outputs = node.outputs
        node.output.producer = made
        return made

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [TensorType((len(shape_asked(node, [v.shape for v in node.inputs])),), INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.array(shape_asked(node, [x.shape for x in inputs]), np.int32)]
