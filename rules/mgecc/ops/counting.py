"""Which values of a graph vary in size with the data, node by node."""

from __future__ import annotations

from dataclasses import dataclass, field

from mgecc.graph import Node, Value
from mgecc.graph.symbolic import equal, whole
from mgecc.ops.counted import Extent, Extents, Given, Numbers
from mgecc.ops.registry import find


@dataclass
class Counting:
    """What is known of the values so far; those without an extent have the size of their type."""

    extents: dict[Value, Extent] = field(default_factory=dict)
    numbers: dict[Value, Numbers] = field(default_factory=dict)

    def given(self, node: Node) -> Given:
        return Given(
            node, [self.extents.get(v) for v in node.inputs], [self._numbers(v) for v in node.inputs]
        )

    def _numbers(self, value: Value) -> Numbers | None:
        if value.const is None or value.type.rank > 1 or value.type.dtype.name != "int32":
            return self.numbers.get(value)
        return [whole(n) for n in value.const.reshape(-1)]

    def of(self, node: Node) -> Extents:
        """Which results vary, and how; Unsupported where the operator does not serve what varies."""
        given, operator = self.given(node), find(node.op)
        decides = operator.varies(node)
        sizes = any(v in self.numbers for v in node.inputs)
        shaped = any(node.inputs[p] in self.numbers for p in operator.reads_values if p < len(node.inputs))
        found: Extents = given.all(None)
        if given.any or decides or shaped:
            found = [_varying(v, e) for v, e in zip(node.outputs, operator.counted(node, given))]
        if given.any or sizes:
            numbers = operator.numbers(node, given)
            if numbers is not None:
                self.numbers[node.output] = numbers
        self.extents.update((v, e) for v, e in zip(node.outputs, found) if e)
        return found


def _varying(value: Value, extent: Extent | None) -> Extent | None:
    """None where what is valid is proven to be all."""
    if extent is not None and extent.size.is_fixed and equal(extent.size.rest, value.shape[extent.axis]):
        return None
    return extent
