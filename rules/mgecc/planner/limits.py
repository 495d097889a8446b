"""What a build aims at, and how much memory there is for it."""

from __future__ import annotations

from dataclasses import dataclass

from mgecc.graph import Graph, Node
from mgecc.planner.order import live

# How much scratch may raise the peak where speed is the goal: memory for a little time is a poor bargain.
_PEAK_GROWTH = 1.25


@dataclass(frozen=True)
class Goal:
    """``kind``: speed, size or memory. ``flash``, ``ram``: bytes for weights and code, and for the arena; None: any.

    ``threads``: the most chunks of a call that can be partitioned. ``outside``: what lies in memory of the
    application's, as of ``planner.outside``. ``enough``: where memory is the goal, bytes of the arena below which it
    does not matter; 0: as few as can be.
    """

    kind: str = "speed"
    flash: int | None = None
    ram: int | None = None
    threads: int = 1
    outside: frozenset[str] = frozenset()
    enough: int = 0


def room(graph: Graph, goal: Goal) -> dict[Node, int]:
    """Bytes of scratch that each node may use: beside the tensors of its step it must not raise the peak of all
    steps, or not by much where memory is not the goal.
    """
    need = live(graph, graph.nodes)
    most = max(need, default=0) * (1 if goal.kind == "memory" else _PEAK_GROWTH)
    most = max(most, goal.enough)
    if goal.ram is not None:
        most = min(most, goal.ram)
    return {node: max(0, int(most) - step) for node, step in zip(graph.nodes, need)}


def spare_flash(graph: Graph, goal: Goal) -> float:
    """Bytes that code, and packed weights beyond the operators' own, may take."""
    if goal.flash is None:
        return float("inf")
    constants = dict.fromkeys(v for node in graph.nodes for v in node.inputs if v.is_const)
    return goal.flash - sum(v.type.nbytes for v in constants)


def exceeded(goal: Goal, weights: int, arena: int) -> dict[str, str]:
    """What is wrong by "flash" and "ram", if weights or an arena of these bytes are larger than that.

    Code lies in flash, too; how much of it there is, only the C compiler knows.
    """
    found = {}
    for key, limit, bytes_, what, advice in (
        ("flash", goal.flash, weights, "the weights alone take",
         "raise `flash`, or halve float weights with `options: {enable_compress_fp16: true}`"),
        ("ram", goal.ram, arena, "the arena takes", "raise `ram`, or make the model's inputs smaller"),
    ):  # fmt: skip
        if limit is not None and bytes_ > limit:
            found[key] = f"{what} {bytes_} bytes, {bytes_ - limit} more than `{key}: {limit}`; {advice}"
    return found
