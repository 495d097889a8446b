"""What a build aims at, and how much memory there is for it."""

from __future__ import annotations

from dataclasses import dataclass

from mgecc.graph import Graph, Node, Unsupported
from mgecc.planner.order import live

# How much scratch may raise the peak where speed is the goal: memory for a little time is a poor bargain.
_MOST_GROWTH = 1.25


@dataclass(frozen=True)
class Goal:
    """``kind``: speed, size or memory. ``flash``, ``ram``: bytes for the weights and for the arena, None = no limit.

    ``threads``: parts into which calls come apart that can.
    """

    kind: str = "speed"
    flash: int | None = None
    ram: int | None = None
    threads: int = 1


def room(graph: Graph, goal: Goal) -> dict[Node, int]:
    """Bytes of scratch that each node may use: beside the tensors of its step it must not raise the peak of all
    steps, or not by much where memory is not the goal.
    """
    need = live(graph, graph.nodes)
    most = max(need, default=0) * (1 if goal.kind == "memory" else _MOST_GROWTH)
    if goal.ram is not None:
        most = min(most, goal.ram)
    return {node: max(0, int(most) - step) for node, step in zip(graph.nodes, need)}


def spare_flash(graph: Graph, goal: Goal) -> float:
    """Bytes that packed weights may take beyond the operators' own."""
    if goal.flash is None:
        return float("inf")
    constants = dict.fromkeys(v for node in graph.nodes for v in node.inputs if v.is_const)
    return goal.flash - sum(v.type.nbytes for v in constants)


def check(goal: Goal, weights: int, arena: int) -> None:
    """Unsupported if weights or an arena of these bytes are larger than the goal's limits."""
    for limit, bytes_, what, where, advice in (
        (goal.flash, weights, "the weights take", "flash", "compress the weights, or give it more"),
        (goal.ram, arena, "the arena takes", "ram", "give it more, or the model smaller inputs"),
    ):
        if limit is not None and bytes_ > limit:
            raise Unsupported(f"{what} {bytes_} bytes, {bytes_ - limit} more than `{where}: {limit}`", advice)
