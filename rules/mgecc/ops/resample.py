"""Axes made anew of weighted sums of their elements, by constant tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.graph.attributes import NATURAL
from mgecc.graph.types import FLOAT32, INT32
from mgecc.ops.known import check_places
from mgecc.ops.registry import Operator, operator
from mgecc.ops.resize import Taps


@dataclass(frozen=True)
class ResampleAttrs(Attributes):
    """``axes``: which ones are made anew, one after the other."""

    axes: tuple[Annotated[int, NATURAL], ...]


def tables(node: Node) -> Iterator[tuple[int, Taps]]:
    """Every axis and what it is made of; Unsupported if the tables are computed by the model or do not fit."""
    axes, parts = node.attributes(ResampleAttrs).axes, node.inputs[1:]
    x = node.inputs[0].type
    if len(parts) != 2 * len(axes) or len(set(axes)) != len(axes) or any(axis >= x.rank for axis in axes):
        raise Unsupported(f"{len(parts)} tables do not fit the axes {list(axes)} of {x}")
    for axis, places, weights in zip(axes, parts[::2], parts[1::2]):
        if places.const is None or weights.const is None:
            raise Unsupported("the tables of its axes are computed by the model", "make them constants")
        shapes = places.shape == weights.shape and places.type.rank == 2 and places.type.elements > 0
        if not shapes or (places.type.dtype, weights.type.dtype) != (INT32, FLOAT32):
            raise Unsupported(f"the places {places.type} and weights {weights.type} make no axis")
        if places.const.min() < 0 or places.const.max() >= x.shape[axis]:
            raise Unsupported(f"its places are not all in an axis of {x.shape[axis]}")
        yield axis, Taps(places.const, weights.const)


def _sums(x: np.ndarray, axis: int, taps: Taps) -> np.ndarray:
    """In float32, the first tap first."""
    shape, total = (-1,) + (1,) * (x.ndim - 1 - axis), np.float32(0)
    for places, weights in zip(taps.places.T, taps.weights.T):
        total = total + np.take(x, places, axis) * weights.reshape(shape)
    return np.asarray(total)


@operator("Resample")
class Resample(Operator):
    """Inputs x, then for each axis places (size, taps) and their weights: sums of products, axis by axis."""

    Attributes = ResampleAttrs
    operands = "float plain+"
    limits = "constant tables"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        shape = list(x.shape)
        for axis, taps in tables(node):
            shape[axis] = len(taps.places)
            check_places(taps.places.size)
        return [x.with_shape(tuple(shape))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x = inputs[0].astype(np.float32)
        for axis, taps in tables(node):
            x = _sums(x, axis, taps)
        return [x.astype(inputs[0].dtype)]
