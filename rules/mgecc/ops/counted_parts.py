"""Parts of data whose size varies, and parts addressed by such data: how slices, lookups and writes treat counts."""

from __future__ import annotations

import numpy as np

from mgecc.graph import Node, Unsupported, Value
from mgecc.graph.symbolic import always, whole
from mgecc.graph.types import INT32
from mgecc.ops.counted import Extent, Extents, Given, Maker, aligned
from mgecc.ops.counts import Count, Sliced
from mgecc.ops.elemwise import ElemwiseAttrs
from mgecc.ops.index_items import Flags, IndexAttrs, Item, flags, is_open, items_of
from mgecc.ops.known import AxisAttrs
from mgecc.ops.spans import Span, span_of

_TWO = "its data and what addresses it vary along two axes"


def read_span(node: Node, value: Value, depth: int) -> Span | None:
    return span_of(node.inputs[0], depth)


def _constant(node: Node, position: int | None) -> int | None:
    """A bound or an index that is constant; None where there is none."""
    if position is None:
        return None
    const = node.inputs[position].const
    if const is None or const.size != 1:
        raise Unsupported(
            "a part with computed bounds is taken of what varies", "slice before the size varies"
        )
    return whole(const.reshape(-1)[0])


def _left(size: Count, begin: int | None, end: int | None, step: int) -> Count | None:
    """How many of ``size`` elements a slice with constant bounds takes; None for forms that are not served."""
    if step < 0:
        return size.every(-step) if begin is None and end is None else None
    if end is not None:
        size = size.without(-end) if end < 0 else size.up_to(end)
    if begin is not None and begin < 0:
        if end is not None and end >= 0:
            return None
        kept = size.up_to(-begin) if end is None else size_behind(size, -begin, -end)
        return kept.every(step)
    return size.without(begin or 0).every(step)


def size_behind(cut: Count, begin: int, end: int) -> Count:
    """Elements between the ``begin``-th and the ``end``-th from the end, of which ``cut`` stand before the latter."""
    return cut.up_to(begin - end) if begin > end else Count()


def part_counted(node: Node, given: Given) -> Extents:
    """Slices and single elements."""
    items, extent = items_of(node, 1), given.extents[0]
    if any(given.extents[1:]):
        raise given.unserved("a bound cannot vary in size")
    opened = [item for item in items if item.idx is None and is_open(node, item)]
    gone = [item.axis for item in items if item.idx is not None]
    if extent is None:
        return [_opened(node, given, opened, gone)]
    if any(item.axis != extent.axis for item in opened):
        raise given.unserved(_TWO)
    if extent.axis in gone:
        return [None]
    size = extent.size
    for item in items:
        if item.axis == extent.axis:
            size = _sliced(node, given, item, size)
    return [Extent(extent.axis - sum(axis < extent.axis for axis in gone), size)]


def _sliced(node: Node, given: Given, item: Item, size: Count) -> Count:
    end = given.numbers[item.end] if item.end is not None else None
    if end and isinstance(end[0], Count) and item.begin is None and item.step is None:
        if end[0] == size or _is_least(end[0], size):
            return end[0]
        raise given.unserved("the end of the slice is another count")
    begin, stop = _constant(node, item.begin), _constant(node, item.end)
    found = _left(size, begin, stop, _constant(node, item.step) or 1)
    if found is None:
        raise given.unserved("a slice of this form is not served on such data")
    return found


def _is_least(end: Count, size: Count) -> bool:
    return any(end == size.up_to(limit) for limit in (end.most,))


def _opened(node: Node, given: Given, opened: list[Item], gone: list[int]) -> Extent | None:
    """What a slice with computed bounds leaves of data of fixed size."""
    if not opened:
        return None
    if len(opened) > 1:
        raise Unsupported("slices of two axes have computed bounds", "slice one axis after the other")
    (item,) = opened
    axis = item.axis - sum(a < item.axis for a in gone)
    size, most = node.inputs[0].shape[item.axis], node.output.shape[axis]
    end = given.numbers[item.end] if item.end is not None else None
    count = end[0] if end and item.begin is None and item.step is None else None
    if isinstance(count, Count) and always(lambda: count.most <= size):
        return Extent(axis, count)
    bounds = tuple(None if p is None else node.inputs[p] for p in (item.begin, item.end, item.step))
    return Extent(axis, Count(0, {Sliced(bounds, size, most, node): 1}))


def part_lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
    extent = given.extents[0]
    if extent is None:
        make.tell(node, found)
        return node
    item = next((item for item in items_of(node, 1) if item.axis == extent.axis), None)
    if item is None:
        return node
    if item.idx is not None:
        return _element(node, extent, item, make)
    begin, end, step = (
        _constant(node, p) if p is None or node.inputs[p].is_const else 0
        for p in (item.begin, item.end, item.step)
    )
    if (begin is not None and begin < 0) or (step or 1) < 0:
        _from_the_end(node, extent.size, item, (begin, end, step or 1), make)
    return node


def _element(node: Node, extent: Extent, item: Item, make: Maker) -> Node:
    """One element along the axis, zero if it is not there."""
    assert item.idx is not None
    node.inputs[0] = make.filled(node.inputs[0], extent, node.inputs[0].type.dtype.zero_point)
    node.inputs[item.idx] = _from_the_start(node.inputs[item.idx], extent.size, make)
    return node


def _from_the_end(
    node: Node, size: Count, item: Item, bounds: tuple[int | None, int | None, int], make: Maker
) -> None:
    """Bounds that count from the end of what is valid, as computed ones."""
    begin, end, step = bounds
    first = size.without(1 if begin is None else -begin)
    last = None if step < 0 else size.without(0 if end is None else -end)
    wanted = {"begin": make.count(first), "end": None if last is None else make.count(last)}
    items: list[Flags] = []
    inputs = [node.inputs[0]]
    for old in items_of(node, 1):
        positions = dict(zip(("begin", "end", "step", "idx"), (old.begin, old.end, old.step, old.idx)))
        values = {name: None if p is None else node.inputs[p] for name, p in positions.items()}
        values |= wanted if old == item else {}
        begins, ends, steps, addressed = (v is not None for v in values.values())
        items.append((old.axis, begins, ends, steps, addressed))
        inputs += [v for v in values.values() if v is not None]
    node.attrs, node.inputs = IndexAttrs(tuple(items)), inputs


def _addressing(node: Node, given: Given, first: int) -> tuple[list[Item], Extent | None, int]:
    """The items with index arrays, how what they address together varies, and where its axes stand."""
    items = [item for item in items_of(node, first) if item.idx is not None]
    types = [node.inputs[item.idx].type for item in items if item.idx is not None]
    extents = [given.extents[item.idx] for item in items if item.idx is not None]
    extent = aligned(types, extents, max(t.rank for t in types))
    where = sorted(item.axis for item in items)
    return items, extent, where[0] if where[-1] - where[0] + 1 == len(where) else 0


def _survivor(node: Node, given: Given, items: list[Item], place: int, first: int) -> Extent | None:
    """The extent of the data itself, as it is left in the part; None if it is addressed by an index array."""
    extent = given.extents[0]
    addressed = [item.axis for item in items]
    if extent is None or extent.axis in addressed:
        return None
    if any(item.axis == extent.axis for item in items_of(node, first)):
        raise given.unserved("a slice is taken of that axis beside index arrays")
    rest = extent.axis - sum(axis < extent.axis for axis in addressed)
    arrays = max(node.inputs[item.idx].type.rank for item in items if item.idx is not None)
    return Extent(rest if rest < place else rest + arrays, extent.size)


def _part_extent(node: Node, given: Given, first: int) -> Extent | None:
    """How the part varies that index arrays address."""
    items, extent, place = _addressing(node, given, first)
    own = _survivor(node, given, items, place, first)
    if extent is not None and own is not None:
        raise given.unserved(_TWO)
    return own if extent is None else Extent(place + extent.axis, extent.size)


def gather_counted(node: Node, given: Given) -> Extents:
    """Elements by index arrays, of which data and arrays may vary."""
    return [_part_extent(node, given, 1)]


def gather_lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
    _count_from_the_end(node, given, 1, make)
    return node


def _count_from_the_end(node: Node, given: Given, first: int, make: Maker) -> None:
    """Negative indices of an axis that varies count from the end of what is valid."""
    extent = given.extents[0]
    for item in items_of(node, first):
        if extent is not None and item.idx is not None and item.axis == extent.axis:
            node.inputs[item.idx] = _from_the_start(node.inputs[item.idx], extent.size, make)


def _from_the_start(index: Value, size: Count, make: Maker) -> Value:
    """Indices of an axis of ``size`` with none that is negative."""
    span = span_of(index)
    if span is not None and span[0] >= 0:
        return index
    last = make.node("Elemwise", ElemwiseAttrs("max"), index, make.constant([-1], INT32))
    sign = make.node("Elemwise", ElemwiseAttrs("min"), last, make.constant([0], INT32))
    less = make.node("Elemwise", ElemwiseAttrs("mul"), sign, make.count(size))
    return make.node("Elemwise", ElemwiseAttrs("sub"), index, less)


def write_counted(node: Node, given: Given) -> Extents:
    """Parts of data, which may vary, replaced by a value that varies as the part does."""
    x, part = given.extents[0], _part_extent(node, given, 2)
    if part is None and given.extents[1] is not None:
        raise given.unserved("the part of fixed size that it replaces does not vary")
    if part is not None:
        _check_value(node, given, part, part_rank(node))
    return [x]


def part_written(node: Node, given: Given) -> Extents:
    """Slices of other axes replaced, of data that varies, by a value that does so likewise."""
    x, items = given.extents[0], items_of(node, 2)
    if x is None or any(given.extents[2:]) or any(item.axis == x.axis for item in items):
        raise given.unserved()
    gone = [item.axis for item in items if item.idx is not None]
    part = Extent(x.axis - sum(axis < x.axis for axis in gone), x.size)
    _check_value(node, given, part, node.inputs[0].type.rank - len(gone))
    return [x]


def _check_value(node: Node, given: Given, part: Extent, rank: int) -> None:
    """Unsupported unless the value that replaces a part of this rank varies as it does, or repeats."""
    value, own = node.inputs[1], part.axis - (rank - node.inputs[1].type.rank)
    varying = aligned([value.type], given.extents[1:2], rank)
    if varying != part and (varying is not None or (own >= 0 and value.shape[own] != 1)):
        raise Unsupported("the value is not known to have the varying size of the part", "give them one mask")


def part_rank(node: Node) -> int:
    items = [item for item in items_of(node, 2) if item.idx is not None]
    arrays = max(node.inputs[item.idx].type.rank for item in items if item.idx is not None)
    return node.inputs[0].type.rank - len(items) + arrays


def write_lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
    """What is behind the valid indices writes to a place behind the data, which is cut off again."""
    _count_from_the_end(node, given, 2, make)
    extents = [given.extents[p] for p in range(len(node.inputs))]
    item = next((i for i in items_of(node, 2) if i.idx is not None and extents[i.idx]), None)
    if item is None or item.idx is None:
        return node
    x, index, n = node.inputs[0], node.inputs[item.idx], node.inputs[0].shape[item.axis]
    more = (*x.shape[: item.axis], 1, *x.shape[item.axis + 1 :])
    spare = make.constant(np.zeros(more), x.type.dtype)
    wider = make.node("Concat", AxisAttrs(item.axis), x, spare)
    inputs = [wider, *node.inputs[1:]]
    inputs[item.idx] = make.filled(_from_the_start(index, Count(n), make), extents[item.idx], n)
    written = make.node(node.op, node.attrs, *inputs)
    return _cut(node, written, item.axis, n, make)


def _cut(node: Node, value: Value, axis: int, size: int, make: Maker) -> Node:
    made = Node(
        "Subtensor",
        node.name,
        IndexAttrs((flags(axis, end=True),)),
        origin=node.origin,
        inputs=[value, make.constant([size], INT32)],
    )
    made.outputs = node.outputs
    node.output.producer = made
    return made
