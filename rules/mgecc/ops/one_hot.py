"""Indexing of one element along an axis, and by a map of coordinates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.counted import Extent, Extents, Given
from mgecc.ops.index_items import check_index, check_numbers, check_range
from mgecc.ops.known import AxisAttrs, own_axis
from mgecc.ops.registry import Operator, operator


def _axis(node: Node) -> int:
    return own_axis(node, len(node.inputs[0].shape))


def _kept(node: Node) -> tuple[int, ...]:
    """Shape of the addressed part: the axis has size 1; Unsupported if the index does not fit."""
    shape, axis = node.inputs[0].shape, _axis(node)
    without = shape[:axis] + shape[axis + 1 :]
    index = check_index(node.inputs[1])
    if index not in (without, without or (1,)):
        raise Unsupported(f"an index of shape {list(index)} does not fit data of shape {list(shape)}")
    check_range(node.inputs[1], shape[axis])
    return shape[:axis] + (1,) + shape[axis + 1 :]


def _places(node: Node, x: np.ndarray, index: np.ndarray) -> np.ndarray:
    axis = own_axis(node, x.ndim)
    size = x.shape[axis]
    if ((index < -size) | (index >= size)).any():
        raise IndexError(f"index out of bounds for axis {axis} with size {size}")
    shape = x.shape[:axis] + (1,) + x.shape[axis + 1 :]
    return np.asarray(index.astype(np.int64).reshape(shape) % size)


@operator("IndexingOneHot")
class IndexingOneHot(Operator):
    """Inputs x, index without 'axis': the element the index names, the axis kept with size 1."""

    Attributes = AxisAttrs
    operands = "any integer"
    limits = "int32 indices"
    halves = "stored"

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        axis, (x, index) = _axis(node), given.extents
        moved = index and Extent(index.axis + (index.axis >= axis), index.size)
        if x is None or x != moved:
            raise given.unserved("data and indices are not known to vary likewise")
        return [x]

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [node.inputs[0].type.with_shape(_kept(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, index = inputs
        return [np.take_along_axis(x, _places(node, x, index), own_axis(node, x.ndim))]


@operator("IndexingSetOneHot")
class IndexingSetOneHot(Operator):
    """Inputs x, index, value with 'axis' of size 1: x with that element replaced."""

    Attributes = AxisAttrs
    operands = "any integer any"
    limits = "int32 indices"
    halves = "stored"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, value = node.inputs[0].type, node.inputs[2].type
        if value.shape != _kept(node) or value.dtype != x.dtype:
            raise Unsupported(f"a value {value} does not fit into data {x}")
        return [x]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, index, value = inputs
        result = x.copy()
        np.put_along_axis(result, _places(node, x, index), value, own_axis(node, x.ndim))
        return [result]


@operator("IndexingRemap")
class IndexingRemap(Operator):
    """Inputs x of rank r, map (*shape, r): every result element is the one at the map's coordinates."""

    operands = "any integer"
    limits = "int32 coordinates"
    halves = "stored"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, coordinates = node.inputs[0].type, check_index(node.inputs[1])
        if len(coordinates) < 2 or coordinates[-1] != x.rank:
            raise Unsupported(f"a map of shape {list(coordinates)} does not address data of rank {x.rank}")
        places = node.inputs[1].const
        if places is not None:
            for axis, size in enumerate(x.shape):
                check_numbers(places[..., axis], size)
        return [x.with_shape(coordinates[:-1])]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, coordinates = inputs
        return [x[tuple(np.moveaxis(coordinates.astype(np.int64), -1, 0))]]
