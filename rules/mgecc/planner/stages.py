"""Stages: runs of nodes that can be computed patch by patch, and which cells of each tensor a patch of the last needs.

Every node of a stage sees, at a place (h, w) of its result, a window of its first input and the same place of the
others. Backward from a patch of the last result, that gives a rectangle of every tensor; neighbouring rectangles
overlap by what the windows see beyond their own step, the halo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from mgecc import ops
from mgecc.graph import Graph, Node, Value
from mgecc.graph.symbolic import has_sizes
from mgecc.ops.window import Window

Span = tuple[int, int]
"""Cells of an axis, the last one excluded."""

COUNTS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16)
"""Of patches along an axis: more cells are computed again with each, and each brings calls of its own."""
_MOST_NODES = 24
# Height and width of (n, c, h, w).
AXES = (2, 3)


def parts(size: int, count: int) -> list[Span]:
    """An axis in ``count`` parts, equal but for the last; fewer where they would be empty."""
    step = -(-size // count)
    return [(start, min(size, start + step)) for start in range(0, size, step)]


def data(node: Node) -> list[tuple[int, Value]]:
    """The inputs that are computed, with their positions."""
    return [(k, v) for k, v in enumerate(node.inputs) if not v.is_const]


def grid(high: ArrayLike, wide: ArrayLike) -> np.ndarray:
    """The products of numbers along h and numbers along w."""
    result: np.ndarray = np.asarray(high)[:, None] * np.asarray(wide)
    return result


def window_of(node: Node) -> Window | None:
    """Through which window the node sees its first input; None where it cannot be computed patch by patch."""
    if node.varies or len(node.outputs) != 1 or not _is_local(node):
        return None
    return ops.find(node.op).window(node)


def _is_local(node: Node) -> bool:
    """Whether all that is computed is images, and constants but the weights are the same at all places."""
    y, images = node.output, [v for _, v in data(node)]
    if not images or images[0] is not node.inputs[0] or not _are_images([y, *images]):
        return False
    if any(v.shape[2:] != y.shape[2:] for v in images[1:]):
        return False
    weights = ops.find(node.op).weights
    constants = (v for k, v in enumerate(node.inputs) if v.is_const and k not in weights)
    return all(v.type.elements <= 1 or v.shape[-2:] == (1, 1) for v in constants)


def _are_images(values: list[Value]) -> bool:
    return all(v.type.rank == 4 and not has_sizes(v.shape) for v in values)


def seen(window: Window, axis: int, span: Span) -> Span:
    """Cells of the first input that cells of the result see, those of the padding among them."""
    d = axis - AXES[0]
    start = span[0] * window.stride[d] - window.pad[d][0]
    return start, (span[1] - 1) * window.stride[d] - window.pad[d][0] + window.extent[d]


def _clipped(span: Span, size: int) -> Span:
    return max(0, span[0]), min(size, span[1])


@dataclass(frozen=True, eq=False)
class Stage:
    """Nodes ``first`` to ``last`` of a graph, inclusive; only the result of the last one is read outside."""

    first: int
    nodes: tuple[Node, ...]
    windows: dict[Node, Window] = field(repr=False)

    @property
    def last(self) -> int:
        return self.first + len(self.nodes) - 1

    @property
    def output(self) -> Value:
        return self.nodes[-1].output

    def need(self, node: Node, position: int, axis: int, span: Span) -> Span:
        """Cells of an input, by its position, that ``span`` of the node's result needs."""
        span = seen(self.windows[node], axis, span) if position == 0 else span
        return _clipped(span, node.inputs[position].shape[axis])

    def spans(self, axis: int, span: Span) -> dict[Value, Span]:
        """Cells of every tensor that ``span`` of the last one needs."""
        found = {self.output: span}
        for node in reversed(self.nodes):
            for position, value in data(node):
                low, high = self.need(node, position, axis, found[node.output])
                old = found.get(value, (low, high))
                found[value] = min(low, old[0]), max(high, old[1])
        return found

    @cached_property
    def _values(self) -> list[Value]:
        return list(self.spans(AXES[0], (0, 1)))

    @cached_property
    def _lives(self) -> dict[Value, Span]:
        """First and last step, within the stage, of tensors between its nodes and of the parts it reads."""
        lives: dict[Value, Span] = {}
        for step, node in enumerate(self.nodes):
            for value in (*(v for _, v in data(node)), node.output):
                lives[value] = lives.get(value, (step, step))[0], step
        return lives

    def _parts(self, axis: int) -> dict[Value, np.ndarray]:
        """For every tensor, by the counts of patches, (longest part, sum of all parts); no cells where it can't be."""
        size = self.output.shape[axis]
        rows = [self._lengths(axis, parts(size, count)) for count in COUNTS]
        return {value: np.array([row[value] for row in rows]).T for value in self._values}

    def _lengths(self, axis: int, spans: list[Span]) -> dict[Value, Span]:
        first, last = self.spans(axis, spans[0]), self.spans(axis, spans[-1])
        inner = self.spans(axis, spans[len(spans) // 2])
        found = {}
        for value in self._values:
            a, b, c = (high - low for low, high in (first[value], inner[value], last[value]))
            total = a if len(spans) == 1 else a + c + b * (len(spans) - 2)
            found[value] = (max(a, b, c), total) if min(a, b, c) > 0 else (1 << 30, 1 << 30)
        return found

    @cached_property
    def costs(self) -> tuple[np.ndarray, np.ndarray]:
        """For every number of patches, (along h, along w): bytes that live at once within one, and how much work all
        of them are."""
        cells = [self._parts(axis) for axis in AXES]
        shape = (len(COUNTS), len(COUNTS))
        live, work = np.zeros((len(self.nodes), *shape)), np.zeros(shape)
        for value, (start, stop) in self._lives.items():
            area = value.shape[2] * value.shape[3]
            longest = grid(cells[0][value][0], cells[1][value][0])
            live[start : stop + 1] += value.type.nbytes / area * longest
        for node in self.nodes:
            area = node.output.shape[2] * node.output.shape[3]
            work += work_of(node) / area * grid(cells[0][node.output][1], cells[1][node.output][1])
        return live.max(axis=0), work


def work_of(node: Node) -> int:
    """Multiply-accumulates, or elements where there are none."""
    return max(ops.find(node.op).macs(node), sum(v.type.elements for v in node.outputs))


def stages(graph: Graph, needed: list[bool], boundary: list[int], most: int) -> Iterator[Stage]:
    """At most so many stages that contain a step of ``needed`` and end where few bytes live.

    ``boundary``: bytes that live between a step and the one before.
    """
    users, fixed = graph.users(), graph.output_values()
    windows = {node: window for node in graph.nodes if (window := window_of(node)) is not None}
    low = [_is_low(boundary, i) for i in range(len(boundary))]
    count = 0
    for first in range(len(graph.nodes)):
        if not low[first]:
            continue
        for last in _lasts(graph.nodes, first, windows):
            if not low[last + 1] or not any(needed[first : last + 1]):
                continue
            nodes = graph.nodes[first : last + 1]
            if last > first and _is_closed(nodes, users, fixed):
                yield Stage(first, tuple(nodes), windows)
                count += 1
                if count == most:
                    return


def _is_low(boundary: list[int], i: int) -> bool:
    """Whether no fewer bytes live one step before or after, or nothing comes before."""
    return i == 0 or boundary[i] <= min(boundary[max(0, i - 1) : i + 2])


def _lasts(nodes: list[Node], first: int, windows: dict[Node, Window]) -> Iterable[int]:
    for last in range(first, min(len(nodes), first + _MOST_NODES)):
        if nodes[last] not in windows:
            return
        yield last


def _is_closed(nodes: list[Node], users: dict[Value, list[Node]], fixed: set[Value]) -> bool:
    """Whether all results but the last are read inside, and inside alone."""
    inside = set(nodes)
    return all(
        node.output not in fixed and users.get(node.output) and inside.issuperset(users[node.output])
        for node in nodes[:-1]
    )
