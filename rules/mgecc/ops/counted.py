"""How operators treat data of which only the first elements along one axis are valid, how many being a ``Count``.

Each operator says by ``counted`` which of its results vary, or refuses; by ``lowered`` what stands in its place where
its kernels would take for data what lies behind the valid part; by ``numbers`` what it makes of shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported, Value
from mgecc.graph.symbolic import equal, is_one
from mgecc.ops.counts import Count, same

ADVICE = "make its input an output of the model and leave this step to the application"


@dataclass(frozen=True)
class Extent:
    """Along ``axis`` the first ``size`` elements are valid."""

    axis: int
    size: Count


Extents = list[Extent | None]
Numbers = list[int | Count]
"""The elements of a vector of sizes."""


@dataclass(frozen=True)
class Given:
    """What is known of a node's inputs: which of them vary, and the elements of those that are sizes."""

    node: Node
    extents: Extents
    numbers: list[Numbers | None]

    @property
    def any(self) -> bool:
        return any(self.extents)

    def unserved(self, why: str = "") -> Unsupported:
        """That the node is refused; ``why`` ends the sentence "... valid depends on the data, and ..."."""
        first, extent = next((v, e) for v, e in zip(self.node.inputs, self.extents) if e)
        bound = f"at most {first.shape[extent.axis]} along axis {extent.axis}"
        told = f"how many elements of its input {first.name} are valid depends on the data ({bound})"
        return Unsupported(f"{told}, and {why or f'{self.node.op} is not served on such data'}", ADVICE)

    def all(self, extent: Extent | None) -> Extents:
        """The same extent for each result."""
        return [extent] * len(self.node.outputs)

    def only(self, position: int = 0) -> Extent:
        """The extent of this input; refused if it has none, or another input has one."""
        extent = self.extents[position]
        if extent is None or sum(e is not None for e in self.extents) > 1:
            raise self.unserved()
        return extent


class Maker(Protocol):
    """Makes nodes in front of one that is lowered."""

    def node(self, op: str, attrs: Attributes, *inputs: Value) -> Value:
        """The first result of a new node."""

    def count(self, count: Count) -> Value:
        """The number itself, one int32."""

    def constant(self, array: ArrayLike, dtype: DType) -> Value:
        """A constant."""

    def filled(self, value: Value, extent: Extent | None, number: float) -> Value:
        """``value`` with ``number``, as it is stored, behind what is valid; ``value`` itself if all of it is."""

    def known(self, count: Count, value: Value) -> None:
        """Note that ``value`` is this number."""

    def tell(self, node: Node, found: Extents) -> None:
        """Give a node one more result, its count in ``found``, unless another node tells it."""


def one_by_one(node: Node, given: Given) -> Extents:
    """Element-wise: all operands that vary do so along one axis by one size; others repeat along it."""
    return given.all(aligned([v.type for v in node.inputs], given.extents, node.output.type.rank))


def aligned(types: Sequence[TensorType], extents: Extents, rank: int) -> Extent | None:
    """The extent of data of ``rank`` to which operands stretch."""
    moved = [Extent(e.axis + rank - t.rank, e.size) for t, e in zip(types, extents) if e]
    if not moved:
        return None
    first, depth = moved[0], rank - moved[0].axis
    fixed = [t for t, e in zip(types, extents) if not e and t.rank >= depth and not is_one(t.shape[-depth])]
    if fixed or any(e.axis != first.axis or not same(e.size, first.size) for e in moved):
        why = "its operands are not known to have the same varying size"
        raise Unsupported(why, "give them one mask, or one count")
    return first


def item_by_item(node: Node, given: Given) -> Extents:
    """What is done to every item of axis 0 of the first input by itself; others are fixed, or vary likewise."""
    extent = given.extents[0]
    if extent is None or extent.axis or any(e not in (None, extent) for e in given.extents):
        raise given.unserved()
    return given.all(extent)


def box_by_box(node: Node, given: Given) -> Extents:
    """What is done to boxes, rows of the second input, in images of fixed number."""
    extent = given.extents[1]
    if (
        given.extents[0]
        or extent is None
        or extent.axis
        or any(e not in (None, extent) for e in given.extents)
    ):
        raise given.unserved()
    return given.all(extent)


def turned(extent: Extent, before: tuple[int, ...], after: tuple[int, ...]) -> Extent | None:
    """The extent of data that is reshaped; None if what is valid does not stay the first part along an axis."""
    kept = [i for i in range(len(after)) if _is_kept(extent.axis, i, before, after)]
    if kept:
        return Extent(kept[-1], extent.size)
    axis = next((i for i, n in enumerate(after) if not is_one(n)), None)
    return None if axis is None else turned_to(extent, before, after, axis)


def turned_to(extent: Extent, before: tuple[int, ...], after: tuple[int, ...], axis: int) -> Extent | None:
    """Likewise, where the result is known to vary along ``axis``."""
    if _is_kept(extent.axis, axis, before, after):
        return Extent(axis, extent.size)
    if not is_one(prod(before[: extent.axis])) or not is_one(prod(after[:axis])):
        return None
    size = (extent.size * prod(before[extent.axis + 1 :])).divided(prod(after[axis + 1 :]))
    return None if size is None else Extent(axis, size)


def _is_kept(axis: int, to: int, before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    return equal(before[axis], after[to]) and equal(prod(before[:axis]), prod(after[:to]))


def _has_counts(numbers: Numbers | None) -> bool:
    return any(not isinstance(n, (int, np.integer)) for n in numbers or ())


def together(node: Node, given: Given) -> Numbers | None:
    """The elements of a vector that the node puts together of others."""
    if any(numbers is None for numbers in given.numbers) or node.output.type.rank > 1:
        return None
    from mgecc.ops.registry import find  # which imports this module

    arrays = [np.array(numbers, object if _has_counts(numbers) else np.int64) for numbers in given.numbers]
    found = find(node.op).evaluate(node, arrays)[0]
    return [int(n) if isinstance(n, np.integer) else n for n in found]


def with_filled(node: Node, given: Given, make: Maker, numbers: dict[int, float], axis: int) -> Node:
    """The node, reading inputs that vary along ``axis`` with these numbers, as stored, behind what is valid."""
    for position, number in numbers.items():
        extent = given.extents[position]
        if extent is not None and extent.axis == axis:
            node.inputs[position] = make.filled(node.inputs[position], extent, number)
    return node


def lowest(dtype: DType) -> float:
    """A stored number that none of this type is smaller than."""
    return -np.inf if dtype.is_float else 0 if dtype.name == "bool" else dtype.range[0]


def highest(dtype: DType) -> float:
    """A stored number that none of this type is larger than."""
    return np.inf if dtype.is_float else 1 if dtype.name == "bool" else dtype.range[1]
