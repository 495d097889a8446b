"""Sparse constants: dimensions in traversal order, each stored densely or as compressed rows, with blocks behind them.

The format is that of TACO (Kjolstad et al., The Tensor Algebra Compiler, 2017), as the schema describes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from .errors import TfliteError
from .model import StoredTensor
from .schema import Record

_MOST_ELEMENTS = 1 << 28


@dataclass(frozen=True)
class _Dimension:
    """``segments`` is None where all ``size`` positions are stored; else those in ``indices``, by row."""

    size: int
    segments: tuple[int, ...] | None
    indices: tuple[int, ...]


def dense(tensor: StoredTensor, items: np.ndarray) -> np.ndarray:
    """All numbers of a sparse constant, those that are not stored being 0. Raises TfliteError."""
    assert tensor.sparsity is not None
    order, blocks = tensor.sparsity.get("traversal_order"), tensor.sparsity.get("block_map")
    dimensions = [_dimension(record) for record in tensor.sparsity.get("dim_metadata")]
    rank = len(tensor.shape)
    if sorted(order) != list(range(rank + len(blocks))) or len(dimensions) != len(order):
        raise _damaged(tensor)
    if any(not 0 <= axis < rank for axis in blocks) or prod(tensor.shape) > _MOST_ELEMENTS:
        raise _damaged(tensor)
    shape = _expanded_shape(tensor, order, blocks, dimensions)
    places = _places(tensor, order, shape, dimensions)
    if len(places) != len(items):
        raise _damaged(tensor)
    result = np.zeros(prod(shape), items.dtype)
    result[places] = items
    return _joined(result.reshape(shape), blocks, rank).reshape(tensor.shape)


def _damaged(tensor: StoredTensor) -> TfliteError:
    return TfliteError(f"the sparse constant {tensor.name} is damaged", tensor.offset)


def _dimension(record: Record) -> _Dimension:
    if record.options()["format"] == "DENSE":
        return _Dimension(record.get("dense_size"), None, ())
    vectors = [record.get(name) for name in ("array_segments", "array_indices")]
    if any(vector is None for vector in vectors):
        raise TfliteError("a sparse dimension has no indices", record.table.position)
    segments, indices = (tuple(vector.get("values") or ()) for vector in vectors)
    return _Dimension(0, segments, indices)


def _expanded_shape(
    tensor: StoredTensor, order: Sequence[int], blocks: Sequence[int], dimensions: Sequence[_Dimension]
) -> list[int]:
    """Sizes of the axes, with those of blocks divided, then the sizes of blocks."""
    rank, shape = len(tensor.shape), list(tensor.shape)
    sizes = [d.size for axis, d in sorted(zip(order, dimensions), key=lambda pair: pair[0]) if axis >= rank]
    for axis, size in zip(blocks, sizes):
        if size < 1 or shape[axis] % size:
            raise _damaged(tensor)
        shape[axis] //= size
    return [*shape, *sizes]


def _places(
    tensor: StoredTensor, order: Sequence[int], shape: Sequence[int], dimensions: Sequence[_Dimension]
) -> np.ndarray:
    """Where the stored numbers lie among all, one dimension after another in traversal order."""
    strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    rows, places = 1, np.zeros(1, np.int64)
    for axis, dimension in zip(order, dimensions):
        parents, positions = _level(tensor, dimension, rows, shape[axis])
        places = places[parents] + positions * strides[axis]
        rows = len(places)
        if rows > _MOST_ELEMENTS:
            raise _damaged(tensor)
    return places


def _level(tensor: StoredTensor, d: _Dimension, rows: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each position of a dimension that is stored: its row one dimension before, and its number."""
    if d.segments is None:
        if d.size != size or rows * size > _MOST_ELEMENTS:
            raise _damaged(tensor)
        return np.repeat(np.arange(rows), size), np.tile(np.arange(size), rows)
    segments, positions = np.array(d.segments, np.int64), np.array(d.indices, np.int64)
    counts = segments[1:] - segments[:-1]
    whole = len(d.segments) == rows + 1 and d.segments[0] == 0 and d.segments[-1] == len(positions)
    if not whole or (counts < 0).any() or (positions < 0).any() or (positions >= size).any():
        raise _damaged(tensor)
    return np.repeat(np.arange(rows), counts), positions


def _joined(array: np.ndarray, blocks: Sequence[int], rank: int) -> np.ndarray:
    """Each axis of a block behind the axis that it is part of."""
    turned: np.ndarray = array.transpose([axis for group in _groups(blocks, rank) for axis in group])
    return turned


def _groups(blocks: Sequence[int], rank: int) -> Iterator[list[int]]:
    for axis in range(rank):
        yield [axis, *(rank + k for k, block in enumerate(blocks) if block == axis)]
