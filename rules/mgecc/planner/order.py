"""Execution order: of several legal orders, the one whose live tensors need the least memory at once."""

from __future__ import annotations

from collections.abc import Callable

from mgecc.graph import Graph, Node, Value
from mgecc.graph.sizes import largest

_Preference = Callable[[Node, dict[Node, int]], tuple]

# In which order a node's operands are computed: as written, largest need first, longest branch first, last first.
_PREFERENCES: tuple[_Preference, ...] = (
    lambda node, rank: (rank[node],),
    lambda node, rank: (-_need(node), rank[node]),
    lambda node, rank: (_need(node), rank[node]),
    lambda node, rank: (-rank[node],),
)


def _bytes(value: Value) -> int:
    return largest(value.type.nbytes)


def _need(node: Node) -> int:
    """Bytes while the node runs, less the bytes that stay."""
    operands = sum(_bytes(v) for v in node.inputs if not v.is_const)
    return operands - sum(map(_bytes, node.outputs))


def peak(graph: Graph, nodes: list[Node]) -> int:
    """Most bytes that are live at one step of this order, graph inputs and outputs included."""
    return max(live(graph, nodes), default=sum(map(_bytes, graph.inputs)))


def live(graph: Graph, nodes: list[Node]) -> list[int]:
    """Bytes that are live at each step of this order, graph inputs and outputs included."""
    last: dict[Value, int] = {}
    for step, node in enumerate(nodes):
        last.update(dict.fromkeys(node.inputs, step))
    last.update({v: len(nodes) for _, v in graph.outputs})
    now = sum(map(_bytes, graph.inputs))
    steps: list[int] = []
    for step, node in enumerate(nodes):
        now += sum(map(_bytes, node.outputs))
        steps.append(now)
        dead = [
            v
            for v in dict.fromkeys([*node.inputs, *node.outputs])
            if not v.is_const and last.get(v, step) == step
        ]
        now -= sum(map(_bytes, dead))
    return steps


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
