"""Index records as walks over the part they address."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mgecc.graph import Node, Unsupported
from mgecc.graph.symbolic import equal
from mgecc.kernels.index.walk import Loop, Walk, spread
from mgecc.kernels.strides import dense
from mgecc.ops.index_items import Item, is_open, items_of, slice_of, span_of
from mgecc.ops.indexing import PARTS
from mgecc.ops.known import broadcast_shape, own_axis

# An axis of the part: extent, far stride, stride of each index array.
Axis = tuple[int, int, tuple[int, ...]]


class Part:
    """What a node addresses of its first input: sliced axes, index arrays, and the part's axes, to be filled in."""

    def __init__(self, node: Node, first: int) -> None:
        self.node = node
        self.items = items_of(node, first)
        self.indexed = [item for item in self.items if item.idx is not None]
        self.sizes, self.strides = list(node.inputs[0].shape), list(dense(node.inputs[0].shape))
        self.start = 0
        for item in self.items:
            if item.idx is None:
                self._slice(item)

    def _slice(self, item: Item) -> None:
        if is_open(self.node, item):
            raise Unsupported(
                f"the bounds of axis {item.axis} are computed while other axes are indexed or written",
                "slice that axis by an operator of its own",
            )
        part = slice_of(item, [v.const for v in self.node.inputs])
        start, count, step = span_of(part, self.sizes[item.axis])
        self.start += start * self.strides[item.axis] if not equal(count, 0) else 0
        self.sizes[item.axis] = count
        self.strides[item.axis] *= step

    def shape(self, item: Item) -> tuple[int, ...]:
        """Shape of an item's index array."""
        assert item.idx is not None
        return self.node.inputs[item.idx].shape

    def plain(self, axis: int) -> Axis:
        """An axis without index array."""
        return self.sizes[axis], self.strides[axis], (0,) * len(self.indexed)

    def arrays(self) -> tuple[int, ...]:
        """Positions of the index arrays among the inputs, in the order of their strides."""
        return tuple(item.idx for item in self.indexed if item.idx is not None)

    def axes(self) -> tuple[tuple[int, int], ...]:
        shape = self.node.inputs[0].shape
        return tuple((shape[item.axis], self.strides[item.axis]) for item in self.indexed)


def _sub(part: Part) -> list[Axis]:
    gone = {item.axis for item in part.indexed}
    return [part.plain(axis) for axis in range(len(part.sizes)) if axis not in gone]


def _vec(part: Part) -> list[Axis]:
    where = sorted(item.axis for item in part.indexed)
    shape = broadcast_shape([part.shape(item) for item in part.indexed])
    strides = [spread(part.shape(item), shape) for item in part.indexed]
    arrays = [(n, 0, tuple(s[j] for s in strides)) for j, n in enumerate(shape)]
    rest = [part.plain(axis) for axis in range(len(part.sizes)) if axis not in where]
    place = where[0] if where[-1] - where[0] + 1 == len(where) else 0
    return [*rest[:place], *arrays, *rest[place:]]


def _grid(part: Part, batched: bool) -> list[Axis]:
    """One index vector per axis, or one for each item of axis 0."""
    found = [part.plain(axis) for axis in range(len(part.sizes))]
    for k, item in enumerate(part.indexed):
        count = part.shape(item)[-1] if batched else part.node.inputs[item.idx or 0].type.elements
        found[item.axis] = (count, 0, tuple(int(i == k) for i in range(len(part.indexed))))
    if batched:
        n, far, _ = found[0]
        found[0] = (n, far, tuple(part.shape(item)[1] for item in part.indexed))
    return found


_WAYS: dict[str, Callable[[Part], list[Axis]]] = {
    "Subtensor": _sub,
    "IndexingMultiAxisVec": _vec,
    "MeshIndexing": lambda part: _grid(part, False),
    "BatchedMeshIndexing": lambda part: _grid(part, True),
}

# Operator that writes -> the one that reads the part which it addresses.
_READ_OF = {write: read for read, writes in PARTS.items() for write in writes}
_READ_OF["IndexingReduceMultiAxisVec"] = "IndexingMultiAxisVec"


def with_near(
    start: int, axes: Sequence[Axis], near: Sequence[int], table: tuple[tuple[int, int], ...]
) -> Walk:
    """The walk over a part's axes with these strides of the near tensor."""
    loops = tuple(Loop(n, far, g, index) for (n, far, index), g in zip(axes, near, strict=True))
    return Walk(start, loops, table)


def walk_of(node: Node) -> tuple[Walk, tuple[int, ...]]:
    """The walk of a record with items, and the positions of its index arrays among the inputs."""
    read = _READ_OF.get(node.op, node.op)
    part = Part(node, 1 if read == node.op else 2)
    axes = _WAYS[read](part)
    shape = [n for n, _, _ in axes]
    near = dense(shape) if read == node.op else spread(node.inputs[1].shape, shape)
    return with_near(part.start, axes, near, part.axes()), part.arrays()


def one_hot(node: Node) -> Walk:
    """One element along an axis; the index array is dense over the others."""
    x = node.inputs[0]
    axis = own_axis(node, x.type.rank)
    kept = [(n, s) for i, (n, s) in enumerate(zip(x.shape, dense(x.shape))) if i != axis]
    strides = dense([n for n, _ in kept])
    axes = [(n, far, (s,)) for (n, far), s in zip(kept, strides)]
    return with_near(0, axes, strides, ((x.shape[axis], dense(x.shape)[axis]),))


def remap(node: Node) -> Walk:
    """Coordinates (*shape, rank): one index array a coordinate, interleaved in memory."""
    x, shape = node.inputs[0], node.output.shape
    axes = [(n, 0, (s * x.type.rank,) * x.type.rank) for n, s in zip(shape, dense(shape))]
    return with_near(0, axes, dense(shape), tuple(zip(x.shape, dense(x.shape))))
