"""The graph as a picture: layers of nodes from the top down, each below all that it reads.

A node's row is the longest path to it (layer assignment of Sugiyama, Tagawa and Toda 1981, "Methods for Visual
Understanding of Hierarchical System Structures"); within a row nodes stand in the order of execution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BOX_WIDTH, BOX_HEIGHT = 190, 34
_COLUMN, _ROW, _MARGIN = 210, 58, 20
# Nodes that a page can show without getting slow or large.
_MOST_NODES = 1500


@dataclass(frozen=True)
class GraphNode:
    """``heat``: share of the estimated instructions in tenths of the largest share, for its colour."""

    x: int
    y: int
    title: str
    operator: str
    heat: int
    text: str


@dataclass(frozen=True)
class GraphPicture:
    """``edges``: SVG paths from results to readers. Empty where the graph is too large for a page."""

    width: int
    height: int
    nodes: list[GraphNode]
    edges: list[str]


def graph_picture(steps: list[dict[str, Any]]) -> GraphPicture:
    """The picture of a report's steps."""
    if len(steps) > _MOST_NODES:
        return GraphPicture(0, 0, [], [])
    places, producers, rows = [], dict[str, int](), dict[int, int]()
    depths: list[int] = []
    for number, step in enumerate(steps):
        before = [producers[v["name"]] for v in step["inputs"] if v["name"] in producers]
        depth = 1 + max((depths[k] for k in before), default=-1)
        depths.append(depth)
        column = rows.get(depth, 0)
        rows[depth] = column + 1
        places.append((_MARGIN + column * _COLUMN, _MARGIN + depth * _ROW))
        producers.update((v["name"], number) for v in step["outputs"])
    width = 2 * _MARGIN + max(rows.values(), default=0) * _COLUMN
    height = 2 * _MARGIN + len(rows) * _ROW
    most = max((step["share"] for step in steps), default=0) or 1
    nodes = [_node(step, place, most) for step, place in zip(steps, places)]
    return GraphPicture(width, height, nodes, _edges(steps, places))


def _node(step: dict[str, Any], place: tuple[int, int], most: float) -> GraphNode:
    shape = " ".join("x".join(map(str, v["shape"])) for v in step["outputs"])
    text = f"step {step['step']}: {step['layer']} ({step['operator']}), {shape}, {step['share']:.1%}: {step['why']}"
    return GraphNode(*place, step["layer"], step["operator"], round(10 * step["share"] / most), text)


def _edges(steps: list[dict[str, Any]], places: list[tuple[int, int]]) -> list[str]:
    producers: dict[str, int] = {}
    edges = []
    for number, step in enumerate(steps):
        for name in dict.fromkeys(v["name"] for v in step["inputs"]):
            if name in producers:
                edges.append(_edge(places[producers[name]], places[number]))
        producers.update((v["name"], number) for v in step["outputs"])
    return edges


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    x0, y0 = start[0] + BOX_WIDTH // 2, start[1] + BOX_HEIGHT
    x1, y1 = end[0] + BOX_WIDTH // 2, end[1]
    middle = (y0 + y1) // 2
    return f"M{x0} {y0}C{x0} {middle} {x1} {middle} {x1} {y1}"
