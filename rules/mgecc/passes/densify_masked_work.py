"""Compute masked elements densely: work on all elements, then select by the mask.

``x[mask] = f(y[mask])``, along any axis, is written as a list of positions whose length depends on the data,
elements taken by it, and positions set by it. As a select between f(y) and x it has fixed sizes. Likewise sums and
means of chosen elements. This is if-conversion of tensors (Allen, Kennedy, Porterfield and Warren 1983, "Conversion of
Control Dependence to Data Dependence").
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from mgecc.graph import Attributes, Graph, Node, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import FLOAT32, INT32
from mgecc.ops import find
from mgecc.ops.elemwise import ElemwiseAttrs
from mgecc.ops.index_items import items_of
from mgecc.ops.reduce import ReduceAttrs, reduced_axes
from mgecc.ops.selection import CondTakeAttrs
from mgecc.ops.shapes import ReshapeAttrs
from mgecc.ops.type_cvt import TypeCvtAttrs
from mgecc.passes.build import Rewrite, apply_rewrites, constant, node_like, take_over

_SUMS = {"float32": ("sum", "sum_squares", "mean"), "int32": ("sum", "sum_squares")}


def _mask(index: Value | None) -> Value | None:
    """The bool mask whose true positions these are, in whatever shape it was made."""
    node = index.producer if index is not None else None
    if node is None or node.op != "CondTake" or index is not node.outputs[1]:
        return None
    mask, attrs = node.inputs[1], node.attributes(CondTakeAttrs)
    way = attrs.condition, attrs.value
    while mask.producer is not None and mask.producer.op == "Reshape":
        mask = mask.producer.inputs[0]
    return mask if mask.type.dtype.name == "bool" and way in (("eq", 1.0), ("neq", 0.0)) else None


@dataclass(frozen=True)
class _Chosen:
    """What a mask is true for along an axis."""

    mask: Value
    axis: int


def _addressed(node: Node, first: int) -> _Chosen | None:
    """What a node addresses that addresses nothing but the true positions of a mask along one axis."""
    items = items_of(node, first)
    (item,) = items if len(items) == 1 else (None,)
    mask = _mask(node.inputs[item.idx]) if item is not None and item.idx is not None else None
    return None if item is None or mask is None else _Chosen(mask, item.axis)


def _chosen(value: Value) -> _Chosen | None:
    """By what ``value`` was taken."""
    node = value.producer
    if node is None or not node.varies:
        return None
    if node.op == "CondTake":
        mask = _mask(node.outputs[1])
        return _Chosen(mask, 0) if mask is not None and value is node.outputs[0] else None
    if node.op == "IndexingMultiAxisVec":
        return _addressed(node, 1)
    found = [_chosen(v) for v in node.inputs] if node.op == "Reshape" or find(node.op).elementwise else []
    return next((chosen for chosen in found if chosen is not None), None)


def _is_fixed(value: Value) -> bool:
    return value.producer is None or not value.producer.varies


def _repeats(value: Value, rank: int, axis: int) -> bool:
    """Whether ``value``, stretched to this rank, is the same at all places along an axis."""
    own = axis - (rank - value.type.rank)
    return own < 0 or value.shape[own] == 1


@dataclass
class _Whole:
    """Makes what stood for chosen elements stand for all; ``nodes``: what that took."""

    what: _Chosen
    old: Node
    nodes: list[Node] = field(default_factory=list)

    def add(self, op: str, attrs: Attributes, inputs: list[Value]) -> Value:
        made = node_like(self.old, op, attrs, inputs, f"{self.old.name}.{len(self.nodes)}")
        made.varies = False
        self.nodes.append(made)
        return made.output

    def shaped(self, value: Value, shape: tuple[int, ...]) -> Value:
        if value.shape == shape:
            return value
        sizes = constant(f"{self.old.name}.shape", np.array(shape), INT32)
        return self.add("Reshape", ReshapeAttrs(), [value, sizes])

    def of(self, value: Value, rank: int) -> Value | None:
        """What stands for all of ``value``, an operand of data of this rank; None if nothing does."""
        node = value.producer
        if node is None or _is_fixed(value):
            return value if _repeats(value, rank, self.what.axis) else None
        if find(node.op).is_identity(node) or node.op == "Broadcast" and _is_fixed(node.inputs[0]):
            return self.of(node.inputs[0], rank)
        if node.op == "IndexingMultiAxisVec" and _addressed(node, 1) == self.what:
            return node.inputs[0] if node.inputs[0].shape == value.shape else None
        if node.op == "CondTake" and _chosen(value) == self.what:
            return self.shaped(node.inputs[0], value.shape)
        return self._elementwise(node, rank) if find(node.op).elementwise else None

    def _elementwise(self, node: Node, rank: int) -> Value | None:
        inputs = [found for v in node.inputs if (found := self.of(v, rank)) is not None]
        return self.add(node.op, node.attrs, inputs) if len(inputs) == len(node.inputs) else None

    def along(self, value: Value, rank: int) -> Value:
        """As many numbers as the mask has, along its axis of ``rank``."""
        sizes = [value.type.elements if axis == self.what.axis else 1 for axis in range(rank)]
        return self.shaped(value, tuple(sizes))

    def chosen(self, yes: Value, no: Value) -> Value:
        """Parts of ``yes`` where the mask is true, else of ``no``."""
        where = self.along(self.what.mask, max(yes.type.rank, no.type.rank))
        return self.add("Where", NoAttrs(), [where, yes, no])


def _assigned(node: Node) -> list[Node] | None:
    """``x[mask] = value``, ``x[:, mask] = value``."""
    x, value = node.inputs[:2]
    what = _addressed(node, 2)
    if what is None or what.mask.type.elements != x.shape[what.axis]:
        return None
    whole = _Whole(what, node)
    new = whole.of(value, x.type.rank)
    if new is None:
        return None
    fits = whole.chosen(new, x).type == x.type
    return [*whole.nodes[:-1], take_over(whole.nodes[-1], node)] if fits else None


def _reduced(node: Node) -> list[Node] | None:
    """The sum or mean of chosen elements."""
    x, attrs = node.inputs[0], node.attributes(ReduceAttrs)
    what = _chosen(x)
    served = attrs.mode in _SUMS.get(x.type.dtype.name, ()) and x.type.dtype == node.output.type.dtype
    if what is None or not served or reduced_axes(node) != (what.axis,):
        return None
    whole = _Whole(what, node)
    full = whole.of(x, x.type.rank)
    if full is None or full.shape != x.shape or what.mask.type.elements != x.shape[what.axis]:
        return None
    summed = replace(attrs, mode="sum") if attrs.mode == "mean" else attrs
    nothing = constant(f"{node.name}.zero", np.zeros(1), x.type.dtype)
    total = whole.add("Reduce", summed, [whole.chosen(full, nothing), *node.inputs[1:]])
    if attrs.mode == "mean":
        ones = whole.add("TypeCvt", TypeCvtAttrs(FLOAT32), [what.mask])
        column = whole.along(ones, x.type.rank)
        count = whole.add("Reduce", replace(summed, axis=what.axis), [column])
        whole.add("Elemwise", ElemwiseAttrs("true_div"), [total, count])
    return [*whole.nodes[:-1], take_over(whole.nodes[-1], node)]


_REWRITES: dict[str, Rewrite] = {
    "IndexingSetMultiAxisVec": _assigned,
    "Reduce": _reduced,
}


def run(graph: Graph) -> None:
    apply_rewrites(graph, _REWRITES)
    graph.sweep()
