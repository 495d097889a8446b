"""Carry valid counts: results whose size depends on the data have a bound as shape, and a number of valid elements.

XLA, for one, calls such a dimension bounded dynamic. Operators state how they treat such data (``counted``,
``lowered``). Here the numbers become values of the graph: the operators that decide a size get one more result, sums
and minima of such numbers become nodes. A model's output of varying size is followed by an output with its size. Runs
behind all other passes and has problems to report.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from mgecc.graph import Attributes, Diagnostics, DType, Graph, Node, TensorType, Unsupported, Value
from mgecc.graph.symbolic import has_sizes
from mgecc.graph.types import INT32
from mgecc.ops import find
from mgecc.ops.counted import ADVICE, Extent, Extents
from mgecc.ops.counting import Counting
from mgecc.ops.counts import Atom, Count, Excess, Least, Strided
from mgecc.ops.elemwise import ElemwiseAttrs
from mgecc.ops.selection import FillBehindAttrs
from mgecc.ops.size_values import SizeValuesAttrs
from mgecc.passes.build import constant, node_like


@dataclass
class _Maker:
    """Nodes of the graph as it becomes, and the values of all counts so far. ``old``: what is lowered now."""

    nodes: list[Node] = field(default_factory=list)
    values: dict[Count | Atom, Value] = field(default_factory=dict)
    old: Node | None = None
    made: int = 0

    def node(self, op: str, attrs: Attributes, *inputs: Value) -> Value:
        assert self.old is not None
        self.made += 1
        node = node_like(self.old, op, attrs, list(inputs), f"{self.old.name}.{self.made}")
        self.nodes.append(node)
        return node.output

    def constant(self, array: ArrayLike, dtype: DType) -> Value:
        return constant("number", np.asarray(array), dtype)

    def count(self, count: Count) -> Value:
        if count not in self.values:
            self.values[count] = self._sum(count)
        return self.values[count]

    def _sum(self, count: Count) -> Value:
        parts = [self._times(self._atom(atom), factor) for atom, factor in count.terms.items()]
        if not parts or has_sizes((count.rest,)) or count.rest:
            parts.append(self._number(count.rest))
        total, *others = parts
        for part in others:
            total = self._elemwise("add", total, part)
        return total

    def _number(self, number: int) -> Value:
        if not has_sizes((number,)):
            return self.constant([number], INT32)
        return self.node("SizeValues", SizeValuesAttrs((number,), TensorType((1,), INT32)))

    def _times(self, value: Value, factor: int) -> Value:
        plain = not has_sizes((factor,)) and factor == 1
        return value if plain else self._elemwise("mul", value, self._number(factor))

    def _elemwise(self, mode: str, a: Value, b: Value) -> Value:
        return self.node("Elemwise", ElemwiseAttrs(mode), a, b)

    def _atom(self, atom: Atom) -> Value:
        if atom not in self.values:
            self.values[atom] = self._computed(atom)
        return self.values[atom]

    def _computed(self, atom: Atom) -> Value:
        if isinstance(atom, Least):
            return self._elemwise("min", self.count(atom.of), self._number(atom.most))
        if isinstance(atom, Excess):
            less = self._elemwise("sub", self.count(atom.of), self._number(atom.number))
            return self._elemwise("max", less, self._number(0))
        if isinstance(atom, Strided):
            more = self._elemwise("add", self.count(atom.of), self._number(atom.step - 1))
            return self._elemwise("floor_div", more, self._number(atom.step))
        raise Unsupported("how many of its elements are valid is not known to any kernel", ADVICE)

    def filled(self, value: Value, extent: Extent | None, number: float) -> Value:
        if extent is None:
            return value
        return self.node("FillBehind", FillBehindAttrs(extent.axis, number), value, self.count(extent.size))

    def known(self, count: Count, value: Value) -> None:
        self.values.setdefault(count, value)

    def tell(self, node: Node, found: Extents) -> None:
        terms = [atom for extent in found if extent for atom in extent.size.terms]
        atom = next((a for a in terms if getattr(a, "node", None) is node and a not in self.values), None)
        if atom is not None:
            self.values[atom] = Value(f"{node.output.name}.size", TensorType((1,), INT32), node)
            node.outputs = [*node.outputs, self.values[atom]]

    def lower(self, node: Node, counting: Counting) -> None:
        """Append the node, or what stands in its place."""
        given = counting.given(node)
        found = counting.of(node)
        self.old = node
        if any(found) or any(given.extents) or any(v in counting.numbers for v in node.inputs):
            node = find(node.op).lowered(node, given, found, self)
        self.nodes.append(node)


def carry(graph: Graph, problems: Diagnostics) -> None:
    """Give outputs of varying size a companion with their size; what cannot be served is added to ``problems``."""
    counting, make = Counting(), _Maker()
    for node in graph.nodes:
        try:
            make.lower(node, counting)
        except Unsupported as error:
            problems.add_error(node, error)
            make.nodes.append(node)
    graph.nodes = make.nodes
    _add_outputs(graph, counting, make)
    graph.sweep()


def _add_outputs(graph: Graph, counting: Counting, make: _Maker) -> None:
    places: dict[Value, int] = {}
    for position, (name, value) in enumerate(list(graph.outputs)):
        extent = counting.extents.get(value)
        if extent is None:
            continue
        make.old = value.producer
        size = make.count(extent.size)
        if size not in places:
            places[size] = len(graph.outputs)
            graph.outputs.append((f"{name}.size", size))
        graph.extents[position] = (extent.axis, places[size])
