"""Reading and writing parts of data by slices and index arrays.

Every way of addressing is one function from data to the addressed part. Its shape rule is that function on positions;
writing is the same function on the table of positions, followed by a scatter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.ops import counted_parts as parts
from mgecc.ops.counted import together
from mgecc.ops.index_items import (
    IndexAttrs,
    Item,
    check_index,
    check_range,
    index_array,
    is_open,
    items_of,
    slice_of,
    sliced_size,
)
from mgecc.ops.known import at_least_1d, broadcast_shape
from mgecc.ops.registry import Operator, operator

_Take = Callable[[np.ndarray, list[Item], Sequence[np.ndarray]], np.ndarray]
_Shape = Callable[[Node, list[Item]], tuple[int, ...]]


def _slices(x: np.ndarray, items: list[Item], inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Apply the slices of all items; axes with an index array stay whole."""
    index = [slice(None)] * x.ndim
    for item in items:
        if item.idx is None:
            index[item.axis] = slice_of(item, inputs)
    return x[tuple(index)]


def take_sub(x: np.ndarray, items: list[Item], inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Slices, and single indices whose axis disappears."""
    index: list[int | slice] = [slice(None)] * x.ndim
    for item in items:
        if item.idx is not None:
            index[item.axis] = int(index_array(inputs[item.idx]).reshape(-1)[0])
    part = np.asarray(_slices(x, items, inputs)[tuple(index)])
    return part.reshape(at_least_1d(part.shape))


def take_vec(x: np.ndarray, items: list[Item], inputs: Sequence[np.ndarray]) -> np.ndarray:
    """NumPy's indexing by several arrays, applied after the slices."""
    index: list[np.ndarray | slice] = [slice(None)] * x.ndim
    for item in items:
        if item.idx is not None:
            index[item.axis] = index_array(inputs[item.idx])
    return _slices(x, items, inputs)[tuple(index)]


def take_mesh(x: np.ndarray, items: list[Item], inputs: Sequence[np.ndarray]) -> np.ndarray:
    """The outer product of one index vector per axis."""
    part = _slices(x, items, inputs)
    for item in items:
        if item.idx is not None:
            part = part[(slice(None),) * item.axis + (index_array(inputs[item.idx]).reshape(-1),)]
    return part


def take_batched(x: np.ndarray, items: list[Item], inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Like ``take_mesh`` with index vectors (n, k) of their own for every item of axis 0."""
    part = _slices(x, items, inputs)
    for item in items:
        if item.idx is None:
            continue
        rows = index_array(inputs[item.idx])
        shape = [1] * part.ndim
        shape[0], shape[item.axis] = rows.shape
        size = x.shape[item.axis]
        if ((rows < -size) | (rows >= size)).any():
            raise IndexError(f"index out of bounds for axis {item.axis} with size {size}")
        part = np.take_along_axis(part, rows.reshape(shape) % size, item.axis)
    return part


def _sizes(node: Node, items: list[Item]) -> list[int]:
    """Axis sizes after the slices."""
    sizes = list(node.inputs[0].shape)
    for item in items:
        if item.idx is None:
            sizes[item.axis] = sliced_size(node, item, sizes[item.axis])
    return sizes


def _sub_shape(node: Node, items: list[Item]) -> tuple[int, ...]:
    gone = set()
    for item in items:
        if item.idx is not None:
            if node.inputs[item.idx].type.elements != 1:
                raise Unsupported(f"the index of axis {item.axis} is not one number")
            check_index(node.inputs[item.idx])
            check_range(node.inputs[item.idx], node.inputs[0].shape[item.axis])
            gone.add(item.axis)
    return at_least_1d([n for i, n in enumerate(_sizes(node, items)) if i not in gone])


def vec_shape(node: Node, items: list[Item]) -> tuple[int, ...]:
    axes = sorted(item.axis for item in items if item.idx is not None)
    if not axes:
        raise Unsupported("no axis has an index")
    part = broadcast_shape([check_index(node.inputs[i.idx]) for i in items if i.idx is not None])
    for item in items:
        if item.idx is not None:
            check_range(node.inputs[item.idx], node.inputs[0].shape[item.axis])
    sizes = _sizes(node, items)
    rest = [n for i, n in enumerate(sizes) if i not in axes]
    place = axes[0] if axes[-1] - axes[0] + 1 == len(axes) else 0
    return (*rest[:place], *part, *rest[place:])


def _mesh_shape(node: Node, items: list[Item]) -> tuple[int, ...]:
    sizes = _sizes(node, items)
    for item in items:
        if item.idx is not None:
            check_index(node.inputs[item.idx])
            check_range(node.inputs[item.idx], node.inputs[0].shape[item.axis])
            sizes[item.axis] = node.inputs[item.idx].type.elements
    return tuple(sizes)


def _batched_shape(node: Node, items: list[Item]) -> tuple[int, ...]:
    sizes = _sizes(node, items)
    for item in items:
        if item.idx is None:
            continue
        shape = check_index(node.inputs[item.idx])
        if len(shape) != 2 or shape[0] != sizes[0] or item.axis == 0:
            raise Unsupported(f"an index of shape {list(shape)} does not serve a batch of {sizes[0]}")
        sizes[item.axis] = shape[1]
    return tuple(sizes)


def _varies(node: Node, items: list[Item]) -> bool:
    return any(item.idx is None and is_open(node, item) for item in items)


class _Read(Operator):
    """Data addressed by the items; slices with computed bounds give the largest size as the shape."""

    Attributes = IndexAttrs
    operands = "any plain*"
    limits = "int32 where indices and bounds are computed; computed bounds of one axis alone"
    halves = "stored"

    take: _Take
    shape: _Shape

    span = staticmethod(parts.read_span)

    @classmethod
    def varies(cls, node: Node) -> bool:
        return _varies(node, items_of(node, 1))

    @classmethod
    def infer(cls, node: Node) -> list[TensorType]:
        return [node.inputs[0].type.with_shape(cls.shape(node, items_of(node, 1)))]

    @classmethod
    def evaluate(cls, node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        try:
            return [cls.take(inputs[0], items_of(node, 1), inputs)]
        except IndexError:
            if node.op != "Subtensor" or inputs[0].shape == node.inputs[0].shape:
                raise
            return [np.zeros(node.output.shape, inputs[0].dtype)]  # an element that is not there


class Write(Operator):
    """A copy of the data with 'value' (input 1, stretched) stored at, or added to, the addressed part."""

    Attributes: type[Attributes] = IndexAttrs
    operands = "any any plain*"
    limits = (
        "int32 where indices are computed; constant bounds; added are float32, float16 and plain integers"
    )

    take: _Take
    shape: _Shape
    adds = False
    sized_by = 0

    @classmethod
    def infer(cls, node: Node) -> list[TensorType]:
        x, value = node.inputs[0].type, node.inputs[1].type
        items = items_of(node, 2)
        if x.dtype != value.dtype:
            raise Unsupported(f"a value of type {value.dtype} cannot be stored in {x.dtype} data")
        if not _varies(node, items):
            part = cls.shape(node, items)
            if broadcast_shape([part, value.shape]) != part:
                raise Unsupported(f"a value of shape {list(value.shape)} does not fit in {list(part)}")
        return [x]

    @classmethod
    def evaluate(cls, node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        result = inputs[0].copy()
        positions = np.arange(result.size).reshape(result.shape)
        places = cls.take(positions, items_of(node, 2), inputs)
        cls.put(node, result.reshape(-1), places, np.broadcast_to(inputs[1], places.shape))
        return [result]

    @classmethod
    def put(cls, node: Node, data: np.ndarray, places: np.ndarray, value: np.ndarray) -> None:
        """Store ``value`` in ``data``, a vector, at these places."""
        if cls.adds:
            np.add.at(data, places, value)
        else:
            data[places] = value


PARTS: dict[str, tuple[str, str]] = {}
"""Operators that read a part -> those that replace it and that add to it."""
_Traits = dict[str, Callable[..., object] | bool]


def _register(take: _Take, shape: _Shape, names: tuple[str, str, str], read: _Traits, write: _Traits) -> None:
    """The operators that read a part, replace it and add to it; ``read``, ``write``: what else they say."""
    PARTS[names[0]] = names[1:]
    ways = {"take": staticmethod(take), "shape": staticmethod(shape)}
    more = [
        {key: staticmethod(trait) if callable(trait) else trait for key, trait in traits.items()}
        for traits in (read, write)
    ]
    operator(names[0])(type(names[0], (_Read,), {**ways, **more[0], "__doc__": _Read.__doc__}))
    for name, adds in zip(names[1:], (False, True)):
        own = {"adds": adds, "halves": "" if adds else "stored", "__doc__": Write.__doc__}
        traits = {**ways, **more[1], **own}
        operator(name)(type(name, (Write,), traits))


_register(
    take_sub,
    _sub_shape,
    ("Subtensor", "SetSubtensor", "IncrSubtensor"),
    {
        "counted": parts.part_counted,
        "lowered": parts.part_lowered,
        "numbers": together,
        "narrowed": True,
        "moves": True,
    },
    {"counted": parts.part_written},
)
_register(
    take_vec,
    vec_shape,
    ("IndexingMultiAxisVec", "IndexingSetMultiAxisVec", "IndexingIncrMultiAxisVec"),
    {"counted": parts.gather_counted, "lowered": parts.gather_lowered, "moves": True},
    {"counted": parts.write_counted, "lowered": parts.write_lowered},
)
_register(take_mesh, _mesh_shape, ("MeshIndexing", "SetMeshIndexing", "IncrMeshIndexing"), {}, {})
_register(
    take_batched,
    _batched_shape,
    ("BatchedMeshIndexing", "BatchedSetMeshIndexing", "BatchedIncrMeshIndexing"),
    {},
    {},
)
