"""How large integers of inputs may be, so that all that is computed of them fits the 32 bits that a run has.

The file computes in 64 bits, or in unsigned ones. Spans (``ops.spans``) are followed from inputs through the graph, for
smaller and smaller inputs, until no sum and no product can wrap around.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet

from mgecc.graph import Diagnostics, Graph, Node, Value
from mgecc.graph.types import INT32
from mgecc.ops import find
from mgecc.ops.registry import Operator
from mgecc.ops.spans import Span, follow


def limit_inputs(graph: Graph, carried: AbstractSet[Value], problems: Diagnostics) -> None:
    """State the ranges of inputs of wide integers; nodes that may wrap around whatever the inputs are, are problems.

    ``carried``: values that stand for wider integers.
    """
    growing = {node for node in graph.nodes if _grows(node) and not carried.isdisjoint(node.outputs)}
    most = _largest_inputs(graph, growing) if growing else INT32.range[1]
    for node, (low, high) in _wrapping(graph, growing, most) if growing else ():
        why = f"its results may lie from {low} to {high}, and integers have 32 bits when the model runs"
        problems.add(node, why, "let the model compute it in int32 or float32, or clip its operands")
    graph.ranges = {name: _range(name, graph, most) for name in graph.wide_inputs}


def _grows(node: Node) -> bool:
    return find(node.op).exact_span is not Operator.exact_span


def _largest_inputs(graph: Graph, growing: Collection[Node]) -> int:
    """The largest number with which nothing wraps around, by halving; at least 1."""
    least, most = 1, INT32.range[1] + 1
    while most - least > 1:
        middle = (least + most) // 2
        wraps = any(_wrapping(graph, growing, middle))
        least, most = (least, middle) if wraps else (middle, most)
    return least


def _range(name: str, graph: Graph, most: int) -> Span:
    return (0 if graph.wide_inputs[name].range[0] == 0 else -most - 1), most


def _wrapping(graph: Graph, growing: Collection[Node], most: int) -> Iterator[tuple[Node, Span]]:
    """Nodes whose results may not fit, with what they may be, for inputs up to ``most``."""
    inputs = {v: _range(v.name, graph, most) for v in graph.inputs if v.name in graph.wide_inputs}
    low, high = INT32.range
    for node, spans in follow(graph.nodes, inputs):
        if node in growing and all(spans):
            found = find(node.op).exact_span(node, [span for span in spans if span])
            if found is not None and not low <= found[0] <= found[1] <= high:
                yield node, found
