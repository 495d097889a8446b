"""The indices of index records: which inputs mean what, and how data is addressed by them.

A node lists items (axis, begin, end, step, index); every flag set takes one further input, in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, Node, Unsupported, Value
from mgecc.graph.symbolic import sym_max, sym_min, whole
from mgecc.ops.known import axis_of, known

Flags = tuple[int, bool, bool, bool, bool]
"""(axis, begin, end, step, index): an axis, and which of its bounds, or an index, are inputs."""


@dataclass(frozen=True)
class IndexAttrs(Attributes):
    """``items``: the axes of which not all is addressed, with what is stated of each."""

    items: tuple[Flags, ...]


def flags(
    axis: int, *, begin: bool = False, end: bool = False, step: bool = False, index: bool = False
) -> Flags:
    """An item of ``IndexAttrs``."""
    return axis, begin, end, step, index


@dataclass(frozen=True)
class Item:
    """One indexed axis; begin, end, step and idx are positions of the node's inputs, None where absent."""

    axis: int
    begin: int | None
    end: int | None
    step: int | None
    idx: int | None


def items_of(node: Node, first: int) -> list[Item]:
    """The items of a node whose index inputs start at position ``first``."""
    position, found = first, []
    rank = len(node.inputs[0].shape)
    for axis, *stated in node.attributes(IndexAttrs).items:
        taken: list[int | None] = []
        for flag in stated:
            taken.append(position if flag else None)
            position += bool(flag)
        found.append(Item(axis_of(int(axis), rank), *taken))
    if position != len(node.inputs):
        raise Unsupported(f"{len(node.inputs)} inputs do not fit the {len(found)} indexed axes")
    if len({item.axis for item in found}) != len(found):
        raise Unsupported("an axis is indexed twice")
    return found


def _number(array: np.ndarray) -> int:
    if array.size != 1:
        raise Unsupported(f"a bound of shape {list(array.shape)} is not one number")
    return whole(array.reshape(-1)[0])


def span_of(part: slice, size: int) -> tuple[int, int, int]:
    """First position, number of elements and step of a slice of ``size`` elements, as Python counts them."""
    step = 1 if part.step is None else part.step
    low, high = (0, size) if step > 0 else (-1, size - 1)
    start, stop = (low, high) if step > 0 else (high, low)
    start = start if part.start is None else _end(part.start, size, (low, high))
    stop = stop if part.stop is None else _end(part.stop, size, (low, high))
    return start, sym_max(0, -((start - stop) // step)), step


def _end(position: int, size: int, limits: tuple[int, int]) -> int:
    """One end of a slice; negative positions count from the end."""
    return sym_max(limits[0], sym_min(limits[1], position + size if position < 0 else position))


def slice_of(item: Item, inputs: Sequence[np.ndarray | None]) -> slice:
    """The Python slice of an item, with numbers of the inputs, which are there."""
    stated = (None if p is None else inputs[p] for p in (item.begin, item.end, item.step))
    begin, end, step = (None if numbers is None else _number(numbers) for numbers in stated)
    if step == 0:
        raise Unsupported("a slice has step 0")
    return slice(begin, end, step)


def is_open(node: Node, item: Item) -> bool:
    """Whether the bounds of a slice are computed from the model's data, so that only its largest size is known."""
    return any(p is not None and not node.inputs[p].is_const for p in (item.begin, item.end))


def sliced_size(node: Node, item: Item, size: int) -> int:
    """Elements that a slice leaves of ``size``; the largest possible number if its bounds are not constant."""
    step = 1 if item.step is None else _number(known(node, item.step))
    if step == 0:
        raise Unsupported("a slice has step 0")
    if is_open(node, item):
        return -(-size // abs(step))
    begin, end = (None if p is None else _number(known(node, p)) for p in (item.begin, item.end))
    return span_of(slice(begin, end, step), size)[1]


def index_array(array: np.ndarray) -> np.ndarray:
    """Index numbers; only integers can address."""
    if array.dtype.kind not in "iu":
        raise Unsupported(f"an index of type {array.dtype} cannot address")
    return array.astype(np.int64)


def check_range(index: Value, size: int) -> None:
    """Unsupported unless constant indices address something, whatever the declared sizes are."""
    if index.const is not None:
        check_numbers(index.const, size)


def check_numbers(numbers: np.ndarray, size: int) -> None:
    """Unsupported unless indices address something on an axis of ``size``."""
    if numbers.size:
        low, high = int(numbers.min()), int(numbers.max())
        if low + size < 0 or high >= size:
            raise Unsupported(f"indices from {low} to {high} do not fit an axis of {size}")


def check_index(value: Value) -> tuple[int, ...]:
    """Shape of an index input; Unsupported if its numbers are not integers."""
    if value.type.dtype.is_float or value.type.dtype.is_quantized or value.type.dtype.name == "bool":
        raise Unsupported(f"an index of type {value.type.dtype} cannot address")
    return value.shape
