"""What each pass did to a graph: the operators that it removed and added, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mgecc.graph.graph import Graph


@dataclass(frozen=True)
class Change:
    """``removed``, ``added``: operator and number of nodes, sorted."""

    name: str
    removed: tuple[tuple[str, int], ...]
    added: tuple[tuple[str, int], ...]


class Changes:
    """Observes a lowering, see ``lowering.Observe``, from the graph that it begins with."""

    def __init__(self, graph: Graph) -> None:
        self._last = {"": _operators(graph)}
        self._found: dict[str, list[Change]] = {}

    def __call__(self, name: str, target: str, graph: Graph) -> None:
        before, now = self._last.get(target, self._last[""]), _operators(graph)
        self._last[target] = now
        if now != before:
            change = Change(name, _sorted(before - now), _sorted(now - before))
            self._found.setdefault(target, []).append(change)

    def of(self, target: str) -> tuple[Change, ...]:
        """What was done for a target, with what was done for all; ``target``: as it was observed."""
        names = dict.fromkeys(["", target])
        return tuple(change for name in names for change in self._found.get(name, []))


def _operators(graph: Graph) -> Counter[str]:
    return Counter(node.op for node in graph.nodes)


def _sorted(count: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(count.items()))
