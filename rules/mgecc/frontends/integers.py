"""How large integers of inputs may be, so that all that is computed of them fits the 32 bits that a run has.

The file computes in 64 bits, or in unsigned ones. Spans (``ops.spans``) are followed from inputs through the graph, for
smaller and smaller inputs, until no sum and no product can wrap around.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from math import prod

from mgecc.graph import Diagnostics, Graph, Node, Value
from mgecc.graph.attributes import named
from mgecc.graph.symbolic import at_max_sizes
from mgecc.graph.types import INT32
from mgecc.ops.spans import Span, follow

_MOST_BITS = 64
"""Powers beyond them fit nothing, and need not be exact."""


def limit_inputs(graph: Graph, carried: AbstractSet[Value], problems: Diagnostics) -> None:
    """State the ranges of inputs of wide integers; nodes that may wrap around whatever the inputs are, are problems.

    ``carried``: values that stand for wider integers.
    """
    growing = {node for node in graph.nodes if node.op in _EXACT and not carried.isdisjoint(node.outputs)}
    most = _largest_inputs(graph, growing) if growing else INT32.range[1]
    for node, (low, high) in _wrapping(graph, growing, most) if growing else ():
        why = f"its results may lie from {low} to {high}, and integers have 32 bits when the model runs"
        problems.add(node, why, "let the model compute it in int32 or float32, or clip its operands")
    graph.ranges = {name: _range(name, graph, most) for name in graph.wide_inputs}


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
            found = _EXACT[node.op](node, [span for span in spans if span])
            if not low <= found[0] <= found[1] <= high:
                yield node, found


def _corners(compute: Callable[[int, int], int], a: Span, b: Span) -> Span:
    found = [compute(x, y) for x in a for y in b]
    return min(found), max(found)


def _largest(span: Span) -> int:
    return max(map(abs, span))


def _times(span: Span, count: int) -> Span:
    """Sums of up to ``count`` numbers."""
    return min(0, count * span[0]), max(0, count * span[1])


def _power(span: Span, count: int) -> Span:
    """Products of up to ``count`` numbers."""
    most = int(max(1, _largest(span)) ** min(max(count, 0), _MOST_BITS))
    return -most, most


def _shifted(a: Span, b: Span) -> Span:
    places = min(max(0, b[1]), _MOST_BITS)
    return min(a[0], a[0] << places), max(a[1], a[1] << places)


_MODES: dict[str, Callable[..., Span]] = {
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "sub": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "mul": lambda a, b: _corners(lambda x, y: x * y, a, b),
    "negate": lambda a: (-a[1], -a[0]),
    "abs": lambda a: (0, _largest(a)),
    "pow": lambda a, b: _power(a, b[1]),
    "shl": _shifted,
    "bit_not": lambda a: (-a[1] - 1, -a[0] - 1),
}


def _elemwise(node: Node, spans: Sequence[Span]) -> Span:
    mode = str(named(node.attrs)["mode"])
    return _MODES[mode](*spans) if mode in _MODES else spans[0]


def _reduced(node: Node, spans: Sequence[Span]) -> Span:
    mode, x = str(named(node.attrs)["mode"]), spans[0]
    count = at_max_sizes(node.inputs[0].type.elements) // max(1, at_max_sizes(node.output.type.elements))
    if mode == "sum_squares":
        return 0, count * _largest(x) ** 2
    sums: dict[str, Callable[[Span, int], Span]] = {"sum": _times, "product": _power}
    return sums[mode](x, count) if mode in sums else x


def _along(accumulated: Callable[[Span, int], Span]) -> Callable[[Node, Sequence[Span]], Span]:
    def found(node: Node, spans: Sequence[Span]) -> Span:
        axis = int(named(node.attrs)["axis"])
        return accumulated(spans[0], at_max_sizes(node.inputs[0].shape[axis]))

    return found


def _product(node: Node, spans: Sequence[Span]) -> Span:
    """Of matrices: the operands' elements by those of the result tell how many products each sum has."""
    (a, b), out = (
        (at_max_sizes(v.type.elements) for v in node.inputs[:2]),
        at_max_sizes(node.output.type.elements),
    )
    outer = prod(at_max_sizes(n) for n in node.output.shape[:-2])
    terms = round((a * b / (out * outer)) ** 0.5)
    return _times(_corners(lambda x, y: x * y, *spans[:2]), terms)


_EXACT: dict[str, Callable[[Node, Sequence[Span]], Span]] = {
    "Elemwise": _elemwise,
    "Reduce": _reduced,
    "Cumsum": _along(_times),
    "Cumprod": _along(_power),
    "MatrixMul": _product,
    "BatchedMatrixMul": _product,
}
"""What results of an operator may be, as if they had any number of bits."""
