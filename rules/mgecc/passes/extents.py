"""Results whose size depends on the data: their shape is a bound, and a number says how much of it is valid.

The operator that decides the size gets one more result, that number (int32). Operators that handle elements one by
one hand it on, and a shape of such data is that number beside constants; all others would compute with what lies
behind the valid part and are refused. A model's output of varying size is followed by an output with its size. Not
in the pipeline: it runs once behind it and has problems to report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mgecc.graph import Diagnostics, Graph, Node, TensorType, Unsupported, Value
from mgecc.graph.sizes import has_sizes
from mgecc.graph.types import INT32
from mgecc.ops import find
from mgecc.ops.index_items import is_open, items_of
from mgecc.ops.known import MAX_RANK, axis_of
from mgecc.ops.reduce import reduced_axes
from mgecc.ops.shapes import PUT_TOGETHER, kept_axis
from mgecc.passes.build import constant, node_like, take_over


@dataclass(frozen=True)
class Extent:
    """Along ``axis`` the first ``size`` elements are valid."""

    axis: int
    size: Value


_ADVICE = "make its input an output of the model and leave this step to the application"

Extents = list[Extent | None]
_Rule = Callable[[Node, Extents], Extent]


def _unserved(node: Node, extents: Extents) -> Unsupported:
    first, extent = next((v, e) for v, e in zip(node.inputs, extents) if e)
    bound = f"at most {first.shape[extent.axis]} along axis {extent.axis}"
    why = f"how many elements of its input {first.name} are valid depends on the data ({bound})"
    return Unsupported(f"{why}, and {node.op} is not served on such data", _ADVICE)


def _source_axis(node: Node) -> int | None:
    """The axis whose size the node decides while it runs; None if its kernels cannot tell the size."""
    if node.op in ("CondTake", "NonZero"):
        return node.op == "NonZero"
    if node.op == "Subtensor":
        items = items_of(node, 1)
        (axis, *others) = [item.axis for item in items if item.idx is None and is_open(node, item)]
        return None if others else axis - sum(item.idx is not None and item.axis < axis for item in items)
    return None


def _one_by_one(node: Node, extents: Extents) -> Extent:
    """Element-wise: all operands that vary do so along one axis by one size; others repeat along it."""
    rank = node.output.type.rank
    moved = {Extent(e.axis + rank - v.type.rank, e.size) for v, e in zip(node.inputs, extents) if e}
    (extent, *others) = sorted(moved, key=lambda e: e.axis)
    depth = rank - extent.axis
    fixed = [
        v for v, e in zip(node.inputs, extents) if e is None and v.type.rank >= depth and v.shape[-depth] > 1
    ]
    if others or fixed:
        raise Unsupported(
            "its operands do not have the same varying size", "give them one mask, or one count"
        )
    return extent


def _gather(node: Node, extents: Extents) -> Extent:
    """Data of fixed size, addressed by one index of varying size."""
    items = items_of(node, 1)
    if extents[0] or len(items) != 1 or items[0].idx is None or node.inputs[items[0].idx].type.rank != 1:
        raise Unsupported("of indexing, only data of fixed size by one list of indices is served")
    extent = extents[items[0].idx]
    assert extent is not None
    return Extent(items[0].axis, extent.size)


def _part(node: Node, extents: Extents) -> Extent:
    """Constant parts of other axes."""
    items, extent = items_of(node, 1), extents[0]
    if (
        extent is None
        or any(extents[1:])
        or any(item.axis == extent.axis or is_open(node, item) for item in items)
    ):
        raise Unsupported("a part of the varying axis is taken", "take parts before the size varies")
    gone = sum(item.idx is not None and item.axis < extent.axis for item in items)
    return Extent(extent.axis - gone, extent.size)


def _turn(node: Node, extents: Extents) -> Extent:
    (extent,) = extents
    assert extent is not None
    return Extent(list(node.attrs["pattern"]).index(extent.axis), extent.size)


def _joined(node: Node, extents: Extents) -> Extent:
    """Concatenation along another axis: all operands vary along one axis by one size."""
    (extent, *others) = set(extents)
    if extent is None or others or node.attrs["axis"] % node.output.type.rank == extent.axis:
        raise _unserved(node, extents)
    return extent


def _reshaped(node: Node, extents: Extents) -> Extent:
    """The axis stays as long as it is, and what lies before and behind it is cut up in other ways."""
    x, shape, extent = node.inputs[0].shape, node.output.shape, extents[0]
    assert extent is not None
    kept = kept_axis(x, extent.axis, shape)
    if kept is None or any(extents[1:]):
        raise Unsupported(
            f"of data that varies along axis {extent.axis}, {node.output.type} keeps no such axis"
        )
    return Extent(kept, extent.size)


def _reduced(node: Node, extents: Extents) -> Extent:
    """Reductions along other axes, which stay with size 1."""
    extent = extents[0]
    if (
        extent is None
        or extent.axis in reduced_axes(node)
        or node.output.type.rank != node.inputs[0].type.rank
    ):
        raise _unserved(node, extents)
    return extent


def _along(node: Node, extents: Extents) -> Extent:
    """Softmax and positions of extremes along another axis."""
    extent = extents[0]
    if extent is None or node.attrs["axis"] % node.inputs[0].type.rank == extent.axis:
        raise _unserved(node, extents)
    return extent


_RULES: dict[str, _Rule] = {
    **dict.fromkeys(("Elemwise", "FusedElemwise", "PowC", "RoundHalf", "TypeCvt", "Copy"), _one_by_one),
    "IndexingMultiAxisVec": _gather,
    "Subtensor": _part,
    "Dimshuffle": _turn,
    "Concat": _joined,
    "Reshape": _reshaped,
    "Reduce": _reduced,
    **dict.fromkeys(("Softmax", "Argmax", "Argmin"), _along),
}


def _source(node: Node) -> Extents:
    axis = _source_axis(node)
    if axis is None:
        raise Unsupported(
            "the size of its result depends on the data and is not known to its kernels", _ADVICE
        )
    size = Value(f"{node.output.name}.size", TensorType((1,), INT32), node)
    results: Extents = [Extent(int(axis), size)] * len(node.outputs)
    node.outputs = [*node.outputs, size]
    return [*results, None]


def _passed_on(node: Node, extents: Extents) -> Extents:
    rule = _RULES.get(node.op)
    if rule is None:
        raise _unserved(node, extents)
    return [rule(node, extents)] * len(node.outputs)


def _shape(node: Node, extent: Extent) -> Node:
    """What computes the shape of its one input: the number that varies, beside constants."""
    shape, axis = node.inputs[0].shape, int(node.attrs["axis"])
    if has_sizes(shape):
        raise Unsupported("the shape that it asks for varies with declared sizes and with data", _ADVICE)
    if axis != MAX_RANK and axis_of(axis, len(shape)) != extent.axis:
        return take_over(_copy(node, constant(f"{node.name}.size", np.array([shape[axis]]), INT32)), node)
    before, after = shape[: extent.axis], shape[extent.axis + 1 :]
    parts = [constant(f"{node.name}.{k}", np.array(n), INT32) for k, n in enumerate((before, after)) if n]
    if axis != MAX_RANK or not parts:
        return take_over(_copy(node, extent.size), node)
    parts.insert(bool(before), extent.size)
    return take_over(node_like(node, "Concat", {"axis": 0, "output_dtype": None}, parts), node)


def _counted(node: Node, extents: Extents) -> Node | None:
    """What joins data of varying size along the axis that varies; None for another axis."""
    axis = node.attrs["axis"] % node.output.type.rank
    if any(extent is not None and extent.axis != axis for extent in extents):
        return None
    counts = [extent.size for extent in extents if extent]
    attrs = {"axis": axis, "counted": tuple(extent is not None for extent in extents)}
    made = Node("ConcatCounted", node.name, attrs, [*node.inputs, *counts], origin=node.origin)
    (_, size) = find(made.op).infer(made)
    made.outputs = [node.output, Value(f"{node.output.name}.size", size, made)]
    node.output.producer = made
    return made


def _copy(node: Node, value: Value) -> Node:
    return node_like(node, "Identity", {"output_dtype": None}, [value])


Numbers = list[int | Value]


def _joined_numbers(node: Node, numbers: dict[Value, Numbers]) -> Numbers | None:
    """The numbers of a shape that is put together of others; None if the node does not do that."""
    if node.op not in PUT_TOGETHER or not any(v in numbers for v in node.inputs):
        return None
    vectors = [numbers.get(v, v.const) for v in node.inputs]
    if any(vector is None for vector in vectors):
        return None
    arrays = [np.array(vector, object) if isinstance(vector, list) else vector for vector in vectors]
    return list(find(node.op).evaluate(node, arrays)[0])  # type: ignore[arg-type]


@dataclass
class _Carried:
    """What is known of the nodes so far: values of varying size, and the numbers of shapes made of theirs."""

    known: dict[Value, Extent] = field(default_factory=dict)
    numbers: dict[Value, Numbers] = field(default_factory=dict)

    def node(self, node: Node) -> Node:
        """The node, or what stands in its place."""
        extents: Extents = [self.known.get(v) for v in node.inputs]
        if node.op == "GetVarShape" and len(extents) == 1 and extents[0]:
            self.numbers[node.output] = self._shape(node, extents[0])
            return _shape(node, extents[0])
        made = _joined_numbers(node, self.numbers)
        if made is not None:
            self.numbers[node.output] = made
            return node
        if node.op in ("Broadcast", "Reshape") and node.inputs[1] in self.numbers:
            self.known[node.output] = self._shaped(node, extents)
            return node
        joined = _counted(node, extents) if node.op == "Concat" and any(extents) else None
        if joined is not None:
            self.known[node.output] = Extent(joined.attrs["axis"], joined.outputs[1])
            return joined
        self.known.update((v, e) for v, e in zip(node.outputs, self._results(node, extents)) if e)
        return node

    def _shape(self, node: Node, extent: Extent) -> Numbers:
        numbers: Numbers = list(node.inputs[0].shape)
        numbers[extent.axis] = extent.size
        axis = int(node.attrs["axis"])
        return numbers if axis == MAX_RANK else [numbers[axis_of(axis, len(numbers))]]

    def _shaped(self, node: Node, extents: Extents) -> Extent:
        """What is stretched or reshaped as numbers say of which one is a count; the shape becomes that of the bound."""
        numbers = self.numbers[node.inputs[1]]
        axes = [axis for axis, n in enumerate(numbers) if isinstance(n, Value)]
        if len(axes) != 1 or int(node.attrs.get("axis", MAX_RANK)) in axes:
            raise Unsupported("of a shape made of counts, only one number may vary", _ADVICE)
        (size,) = (n for n in numbers if isinstance(n, Value))
        shape = constant(f"{node.name}.shape", np.array(node.output.shape), INT32)
        node.inputs = [node.inputs[0], shape]
        if node.op == "Broadcast" and not extents[0]:
            return Extent(axes[0], size)
        extent = _reshaped(node, extents[:1]) if node.op == "Reshape" and extents[0] else None
        if extent != Extent(axes[0], size):
            raise Unsupported("the count in its shape is not that of its data", _ADVICE)
        return extent

    def _results(self, node: Node, extents: Extents) -> Extents:
        varies = getattr(find(node.op), "varies", None)
        decides = varies is not None and varies(node)
        if any(extents):
            if decides:
                raise Unsupported("the sizes of both its input and its result depend on the data", _ADVICE)
            return _passed_on(node, extents)
        return _source(node) if decides else [None] * len(node.outputs)


def carry(graph: Graph, problems: Diagnostics) -> None:
    """Give outputs of varying size a companion with their size; what cannot be served is added to ``problems``."""
    carried = _Carried()
    for position, node in enumerate(graph.nodes):
        try:
            graph.nodes[position] = carried.node(node)
        except Unsupported as error:
            problems.add_error(node, error)
    _add_outputs(graph, carried.known)
    graph.sweep()


def _add_outputs(graph: Graph, known: dict[Value, Extent]) -> None:
    places: dict[Value, int] = {}
    for position, (name, value) in enumerate(list(graph.outputs)):
        extent = known.get(value)
        if extent is None:
            continue
        if extent.size not in places:
            places[extent.size] = len(graph.outputs)
            graph.outputs.append((f"{name}.size", extent.size))
        graph.extents[position] = (extent.axis, places[extent.size])
