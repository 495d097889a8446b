"""Execution order: of several legal orders, the one whose live tensors need the least memory at once.

Reordering of operators for memory: Liberis and Lane 2019, "Neural networks on microcontrollers: saving memory at
inference via operator reordering" (arXiv:1910.05110).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from mgecc.graph import Graph, Node, Value
from mgecc.graph.symbolic import at_max_sizes, is_one
from mgecc.ops.known import AxisAttrs

_Preference = Callable[[Node, dict[Node, int]], tuple[int, ...]]

# In which order a node's operands are computed: as written, largest need first, longest branch first, last first.
_PREFERENCES: tuple[_Preference, ...] = (
    lambda node, rank: (rank[node],),
    lambda node, rank: (-_need(node), rank[node]),
    lambda node, rank: (_need(node), rank[node]),
    lambda node, rank: (-rank[node],),
)


def _bytes(value: Value) -> int:
    return at_max_sizes(value.type.nbytes)


def _need(node: Node) -> int:
    """Bytes while the node runs, less the bytes that stay."""
    operands = sum(_bytes(v) for v in node.inputs if not v.is_const)
    return operands - sum(map(_bytes, node.outputs))


def peak(graph: Graph, nodes: list[Node]) -> int:
    """Most bytes that are live at one step of this order, graph inputs and outputs included."""
    return max(live(graph, nodes), default=sum(map(_bytes, graph.inputs)))


def _is_outermost(node: Node) -> bool:
    """Whether the parts of a concatenation lie one after another in memory."""
    return all(is_one(n) for n in node.output.shape[: node.attributes(AxisAttrs).axis])


def _wholes(graph: Graph, nodes: list[Node]) -> dict[Value, Value]:
    """For parts of a concatenation that lie inside it from the beginning, the whole."""
    found: dict[Value, Value] = {}
    fixed = {*graph.inputs, *graph.output_values()}
    for node in nodes:
        if node.op == "Concat" and _is_outermost(node):
            for value in node.inputs:
                if not value.is_const and value not in fixed:
                    found.setdefault(value, node.output)
    return found


def live(graph: Graph, nodes: list[Node]) -> list[int]:
    """Bytes of the arena that are live at each step of this order, graph inputs and outputs included."""
    whole = _wholes(graph, nodes)

    def buffer(value: Value) -> Value:
        while value in whole:
            value = whole[value]
        return value

    first, last = dict.fromkeys(graph.inputs, 0), dict.fromkeys(graph.inputs, -1)
    for step, node in enumerate(nodes):
        for value in map(buffer, (*node.inputs, *node.outputs)):
            if not value.is_const:
                first.setdefault(value, step)
                last[value] = step
    last.update({value: len(nodes) for value in map(buffer, graph.output_values()) if value in last})
    change = [0] * (len(nodes) + 2)
    for value, step in first.items():
        if value in graph.outside:
            continue
        change[step] += _bytes(value)
        change[last[value] + 1] -= _bytes(value)
    return list(accumulate(change[: len(nodes)]))


def _depth_first(graph: Graph, prefer: _Preference) -> list[Node]:
    """Post-order from the outputs; operands of a node in the order of ``prefer``."""
    rank = {node: i for i, node in enumerate(graph.nodes)}
    done: dict[Node, None] = {}
    roots = [v.producer for _, v in graph.outputs if v.producer in rank]
    stack: list[Node] = [node for node in reversed(roots) if node is not None]
    while stack:
        node = stack[-1]
        waiting = [
            p for p in (v.producer for v in node.inputs) if p is not None and p in rank and p not in done
        ]
        if node in done or not waiting:
            done[stack.pop()] = None
        else:
            stack += sorted(dict.fromkeys(waiting), key=lambda n: prefer(n, rank), reverse=True)
    return list(done)


def reorder(graph: Graph) -> None:
    """Replace the order of the nodes by the best one found; the file's own order wins ties."""
    orders = [graph.nodes, *(_depth_first(graph, prefer) for prefer in _PREFERENCES)]
    graph.nodes = min(orders, key=lambda nodes: peak(graph, nodes))
