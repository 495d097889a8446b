"""Different rows of a matrix, found by sorting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported, Value
from mgecc.graph.types import INT32
from mgecc.ops.counted import Extent, Extents, Given, Maker
from mgecc.ops.counts import Count, Passing
from mgecc.ops.registry import Operator, operator
from mgecc.ops.spans import Span, positions


@dataclass(frozen=True)
class UniqueAttrs(Attributes):
    """``ordered``: by their numbers from the first column on, else as they come."""

    ordered: bool = True


@operator("Unique")
class Unique(Operator):
    """Of x (rows, n): the int32 positions of its different rows, which of them every row is, how often each occurs.

    The position is that of the first row among equal ones. What is not a number is equal to itself and comes last.
    """

    Attributes = UniqueAttrs
    operands = "any"
    limits = "rows of a matrix; results of varying size"

    @staticmethod
    def varies(node: Node) -> bool:
        return True

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        rows = node.inputs[0].shape[0]
        return positions(rows + 1 if value is node.outputs[2] else rows)

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        if given.any:
            raise given.unserved()
        count = Count(0, {Passing(node.inputs[0], ("Unique",), Count(node.inputs[0].shape[0]), node): 1})
        return [Extent(0, count), None, Extent(0, count)]

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        make.tell(node, found)
        return node

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        if x.rank != 2:
            raise Unsupported(f"data of rank {x.rank} has no rows to compare")
        return [TensorType((x.shape[0],), INT32)] * 3

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x = inputs[0]
        order = np.lexsort(x.T[::-1])
        rows = x[order]
        equal = (rows[1:] == rows[:-1]) | (rows[1:] != rows[1:]) & (rows[:-1] != rows[:-1])
        group = np.cumsum([0, *~equal.all(1)])[: len(x)]
        first = order[np.searchsorted(group, np.arange(group[-1] + 1 if len(x) else 0))]
        if not node.attributes(UniqueAttrs).ordered:
            place = np.argsort(np.argsort(first, kind="stable"), kind="stable")
            first, group = np.sort(first), place[group]
        which = np.empty(len(x), np.int32)
        which[order] = group
        return [first, which, np.bincount(group, minlength=len(first))]
