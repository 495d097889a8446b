"""Small questions that shape rules ask: numbers of constant inputs, axes, common shapes and types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.graph.symbolic import at_max_sizes, equal, is_one, whole

MAX_RANK = 7
MOST_PLACES = 1 << 24
"""Entries of a table of positions along an axis."""


@dataclass(frozen=True)
class AxisAttrs(Attributes):
    """``axis``: the one along which it works; negative ones count from the end."""

    axis: int = 0


def keeps_type(node: Node) -> bool:
    """Whether the result has the type of the first input, which reshapes and conversions then leave as it is."""
    return node.inputs[0].type == node.output.type


def known(node: Node, position: int) -> np.ndarray:
    """The numbers of a constant input as a vector; Unsupported if they are computed from the model's data."""
    value = node.inputs[position]
    if value.const is not None:
        return value.const.reshape(-1)
    source = value.producer
    made_by = f"is the model input {value.name}"
    if source is not None:
        made_by = f"is computed by {source.name} ({source.op}) from the model's data"
    why = f"its input {position % len(node.inputs)} decides the shape of the result but {made_by}"
    raise Unsupported(why, "give the model fixed shapes, or leave this part outside of the model")


def known_sizes(node: Node, position: int) -> tuple[int, ...]:
    """A constant input as sizes; float sizes are truncated. Unsupported for negative ones."""
    numbers = known(node, position)
    whole_numbers = numbers.dtype == object or np.isfinite(numbers).all()
    if not whole_numbers or any(n < 0 for n in numbers) or numbers.size > MAX_RANK:
        raise Unsupported(f"{numbers.tolist()} is not a shape")
    return tuple(whole(n) for n in numbers)


def axis_of(axis: int, rank: int) -> int:
    """A possibly negative axis as a position; Unsupported outside of the rank."""
    if not -rank <= axis < rank:
        raise Unsupported(f"axis {axis} does not exist in data of rank {rank}")
    return axis % rank


def own_axis(node: Node, rank: int) -> int:
    """The axis along which a node with ``AxisAttrs`` works, as a position in data of ``rank``."""
    return axis_of(node.attributes(AxisAttrs).axis, rank)


def _common(sizes: Sequence[int]) -> int:
    """What sizes of one axis stretch to; ValueError if they do not fit together."""
    first, *others = [n for n in sizes if not is_one(n)] or [1]
    if not all(equal(n, first) for n in others):
        raise ValueError
    return whole(first)


def broadcast_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The common shape by NumPy's rules; Unsupported if there is none."""
    try:
        return tuple(_common(sizes) for sizes in zip_longest(*map(reversed, shapes), fillvalue=1))[::-1]
    except ValueError:
        listed = " and ".join(str(list(s)) for s in shapes)
        raise Unsupported(f"the shapes {listed} do not fit together") from None


def same_dtype(types: Sequence[TensorType]) -> DType:
    """The one element type of all operands; Unsupported if they differ."""
    first = types[0].dtype
    other = next((t.dtype for t in types if t.dtype != first), None)
    if other is not None:
        raise Unsupported(f"operands have the types {first} and {other}")
    return first


def check_places(count: int) -> None:
    """Unsupported for an axis so long that the table of its positions would not fit into memory."""
    if at_max_sizes(count) > MOST_PLACES:
        raise Unsupported(f"an axis with {count} positions to look up is too long", "make the shapes smaller")


def at_least_1d(shape: Iterable[int]) -> tuple[int, ...]:
    """The format knows no scalars: a shape without axes is (1,)."""
    return tuple(whole(d) for d in shape) or (1,)
