"""Which nodes of the model file a node of a lowered graph computes.

Passes keep the names of the values that survive them. So what a node computes is what lies, in the graph as it was
imported, between its results and the nearest values that are still there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mgecc.graph.graph import Graph


@dataclass(frozen=True)
class _Producer:
    name: str
    operator: str
    reads: tuple[str, ...]


class Provenance:
    """What the graph of a model file was like, before passes change it."""

    def __init__(self, graph: Graph) -> None:
        self._producers = {
            value.name: _Producer(node.name, node.op, tuple(v.name for v in node.inputs if not v.is_const))
            for node in graph.nodes
            for value in node.outputs
        }
        self._operators = {node.name: node.op for node in graph.nodes}

    def fused(self, name: str, results: Iterable[str], alive: Collection[str]) -> tuple[tuple[str, str], ...]:
        """Name and operator of each imported node that a node called ``name`` computes, in order of the file.

        ``results``: names of its outputs. ``alive``: names of all values of the lowered graph.
        """
        found: dict[_Producer, None] = {}
        waiting = list(results)
        while waiting:
            producer = self._producers.get(waiting.pop())
            if producer is not None and producer not in found:
                found[producer] = None
                waiting += [read for read in producer.reads if read not in alive]
        if not found and name in self._operators:
            return ((name, self._operators[name]),)
        return tuple((p.name, p.operator) for p in reversed(found))
