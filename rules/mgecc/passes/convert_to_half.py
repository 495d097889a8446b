"""Convert float32 networks to half precision (enable_ioc16): values and weights, but not inputs and outputs.

It runs behind the rewrites where the configuration asks for it, so that scales are folded into weights in
full precision before. Products and pooling compute in halves where the target does. Operators outside the list keep
float32, with conversions around them, and so do nodes with constants that are larger than every half.
"""

from __future__ import annotations

import numpy as np

from mgecc.graph import Attributes, DType, Graph, Node, Unsupported, Value
from mgecc.graph.attributes import mapped
from mgecc.graph.types import FLOAT32
from mgecc.ops import find
from mgecc.passes.build import constant, node_like
from mgecc.passes.insert_half_conversions import FLOAT16, Native, convert, nowhere
from mgecc.passes.insert_half_conversions import run as insert_conversions


def _attributes(node: Node) -> Attributes:
    return mapped(node.attrs, lambda v: FLOAT16 if isinstance(v, DType) and v == FLOAT32 else v)


class _Narrowing:
    """The graph with its nodes replaced one by one; ``narrow``: float32 values as float16."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.narrow: dict[Value, Value] = {}

    def _read(self, node: Node, value: Value) -> Value:
        if value.type.dtype != FLOAT32:
            return value
        if value not in self.narrow and value.const is not None:
            with np.errstate(over="ignore"):
                self.narrow[value] = constant(value.name, value.const.astype(np.float16), FLOAT16)
        elif value not in self.narrow:
            made = convert(node, value, FLOAT16)
            self.nodes.append(made)
            self.narrow[value] = made.output
        return self.narrow[value]

    def add(self, node: Node) -> None:
        """The node in float16, and its float32 results from there; or the node as it is."""
        made = self._narrowed(node)
        self.nodes.append(made or node)
        for k, value in enumerate(node.outputs if made else ()):
            assert made is not None
            if made.outputs[k].type == value.type:
                made.outputs[k], value.producer = value, made
                continue
            self.narrow[value] = made.outputs[k]
            back = convert(node, made.outputs[k], FLOAT32)
            back.outputs, value.producer = [value], back
            self.nodes.append(back)

    def _narrowed(self, node: Node) -> Node | None:
        if not find(node.op).narrowed or node.output.type.dtype != FLOAT32:
            return None
        if any(v.const is not None and v.type.dtype == FLOAT32 and _too_large(v.const) for v in node.inputs):
            return None
        try:
            return node_like(node, node.op, _attributes(node), [self._read(node, v) for v in node.inputs])
        except Unsupported:
            return None


def _too_large(array: np.ndarray) -> bool:
    """Whether some number is larger than every half, or may be: those that depend on sizes are symbols."""
    if array.dtype == object:
        return True
    with np.errstate(over="ignore"):
        return bool((np.isfinite(array) & ~np.isfinite(array.astype(np.float16))).any())


def run(graph: Graph, native: Native = nowhere) -> None:
    """All nodes in the list; those that are not ``native`` compute in float32, on numbers of half precision."""
    narrowing = _Narrowing()
    for node in graph.nodes:
        narrowing.add(node)
    graph.nodes = narrowing.nodes
    graph.sweep()
    insert_conversions(graph, native)
