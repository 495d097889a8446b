"""Patch-based execution: the first, large tensors of a network are computed patch by patch and never exist in full.

The method is that of Lin et al. 2021, "MCUNetV2: Memory-Efficient Patch-based Inference for Tiny Deep Learning"
(arXiv:2110.15352). A stage, a run of convolutions, poolings and element-wise nodes from a place where few bytes live
to another one, is computed for one patch of its result at a time. What patches share, the halo, is computed again for
each; numbers and their order are those of the whole. Weights are there once: all patches read the same constants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from mgecc import ops
from mgecc.graph import Attributes, Graph, Node, Patched, TensorType, Value
from mgecc.graph.attributes import changed
from mgecc.graph.symbolic import has_sizes
from mgecc.graph.types import INT32
from mgecc.ops.index_items import IndexAttrs, flags
from mgecc.ops.known import AxisAttrs
from mgecc.planner import slices
from mgecc.planner.order import live
from mgecc.planner.stages import AXES, COUNTS, Span, Stage, data, grid, parts, seen, stages, work_of
from mgecc.targets import Target

MOST_WORK = 0.1
"""More work than this part of the whole is not done for memory alone. Lin et al. report 10 % for MobileNetV2."""
_MOST_STAGES = 256
# Multiply-accumulates that a call is worth, as measured on a Cortex-M7: edges of tiles, copies, preparation.
_CALL = 16000
# Of numbers of bytes that are tried for the least: each halves what is left between too few and enough.
_ROUNDS = 12


@dataclass(frozen=True)
class _Choice:
    """A stage with numbers of patches along (h, w), and what work all of them are beyond the whole."""

    stage: Stage
    counts: tuple[int, int]
    extra: float


@dataclass(eq=False)
class _Search:
    """The least work with which no step needs more than some bytes: a shortest path from the first node to the last,
    on which each leads to the next one, or over a stage to the one behind it."""

    graph: Graph
    target: Target
    enough: int
    found: dict[int, list[tuple[Stage, np.ndarray, np.ndarray]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        nodes = self.graph.nodes
        self.need = slices.least(self.graph, self.target)
        self.whole = sum(map(work_of, nodes))
        boundary = [*self._boundaries(), sum(v.type.nbytes for v in self.graph.output_values())]
        large = [n > max(self.enough, max(self.need, default=0) // 8) for n in self.need]
        for stage in stages(self.graph, large, boundary, _MOST_STAGES):
            live, work = stage.costs
            y = stage.output.type.nbytes
            height = np.maximum(live + boundary[stage.first] + y, boundary[stage.last + 1] + y)
            calls = grid(COUNTS, COUNTS) * len(stage.nodes) * _CALL
            extra = work + calls - sum(map(work_of, stage.nodes))
            self.found.setdefault(stage.first, []).append((stage, height, extra))

    def _boundaries(self) -> list[int]:
        """Bytes that live before each step: its own less the results."""
        steps = zip(live(self.graph, self.graph.nodes), self.graph.nodes)
        return [n - sum(v.type.nbytes for v in node.outputs) for n, node in steps]

    def within(self, most: float) -> tuple[float, list[_Choice]] | None:
        """The stages, and their extra work, where no step needs more than ``most`` bytes; None if there are none."""
        count = len(self.need)
        best: list[tuple[float, list[_Choice]] | None] = [None] * count + [(0.0, [])]
        for i in reversed(range(count)):
            options = [best[i + 1]] if self.need[i] <= most else []
            options += [
                self._over(stage, height, extra, most, best) for stage, height, extra in self.found.get(i, [])
            ]
            best[i] = min((o for o in options if o is not None), key=lambda o: o[0], default=None)
        return best[0]

    @staticmethod
    def _over(
        stage: Stage,
        height: np.ndarray,
        extra: np.ndarray,
        most: float,
        best: list[tuple[float, list[_Choice]] | None],
    ) -> tuple[float, list[_Choice]] | None:
        rest = best[stage.last + 1]
        price = np.where(height <= most, extra, np.inf)
        price[0, 0] = np.inf
        cheapest = np.unravel_index(int(price.argmin()), price.shape)
        if rest is None or not np.isfinite(price[cheapest]):
            return None
        more = float(price[cheapest])
        counts = COUNTS[cheapest[0]], COUNTS[cheapest[1]]
        return more + rest[0], [_Choice(stage, counts, more), *rest[1]]

    def least(self, work: float) -> list[_Choice]:
        """Stages that make the steps' most bytes as few as possible with no more extra work than this."""
        best: list[_Choice] = []
        low, high = 0.0, float(max(self.need, default=0))
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            found = self.within(middle)
            if found is None or found[0] > work:
                low = middle
            else:
                high, best = middle, found[1]
        return best


def for_memory(graph: Graph, target: Target, enough: int) -> None:
    """Compute stages of a graph without declared sizes patch by patch until no step needs more than ``enough`` bytes,
    at the least price; where that can't be, until they need as little as they can. Where ``enough`` is 0, as little as
    they can for ``MOST_WORK``."""
    if any(has_sizes(v.shape) for v in graph.values()):
        return
    search = _Search(graph, target, enough)
    found = search.within(enough) if enough else None
    most = float("inf") if enough else MOST_WORK * search.whole
    choices = search.least(most) if found is None else found[1]
    made = {choice.stage.first: _Maker(choice) for choice in choices}
    inside = {node for choice in choices for node in choice.stage.nodes}
    nodes = (made[i].nodes if i in made else [n] * (n not in inside) for i, n in enumerate(graph.nodes))
    graph.nodes = list(chain.from_iterable(nodes))
    graph.patched = tuple(maker.told() for maker in made.values())


Spans = tuple[dict[Value, Span], dict[Value, Span]]
"""Cells of each tensor along (h, w) that a patch needs."""


class _Maker:
    """The nodes of a stage, patch by patch, and what joins the results."""

    def __init__(self, choice: _Choice) -> None:
        self.stage = stage = choice.stage
        self.counts = choice.counts
        self.nodes: list[Node] = []
        high, wide = (
            [stage.spans(axis, span) for span in parts(stage.output.shape[axis], count)]
            for axis, count in zip(AXES, choice.counts)
        )
        strips = [self._strip(f"{row}", rows, wide) for row, rows in enumerate(high)]
        self._join(strips, AXES[0], "whole")
        stage.output.producer, self.nodes[-1].outputs = self.nodes[-1], [stage.output]

    def told(self) -> Patched:
        """What the report says of it."""
        before, after = (
            sum(ops.find(n.op).macs(n) for n in nodes) for nodes in (self.stage.nodes, self.nodes)
        )
        shape = self.stage.output.shape
        high, wide = (len(parts(shape[axis], count)) for axis, count in zip(AXES, self.counts))
        names = tuple(dict.fromkeys(node.name for node in self.stage.nodes))
        return Patched(names, (high, wide), before, after - before)

    def _strip(self, name: str, rows: dict[Value, Span], wide: list[dict[Value, Span]]) -> Value:
        patches = [self._patch(f"{name}.{column}", (rows, columns)) for column, columns in enumerate(wide)]
        return self._join(patches, AXES[1], name)

    def _patch(self, name: str, spans: Spans) -> Value:
        there: dict[Value, Value] = {}
        for node in self.stage.nodes:
            inputs = list(node.inputs)
            for position, value in data(node):
                if value not in there:
                    there[value] = self._cut(node, value, [own[value] for own in spans], name)
                inputs[position] = self._input(node, position, there[value], spans)
            attrs = self._attrs(node, [own[node.output] for own in spans])
            there[node.output] = self._append(node, node.op, attrs, inputs, name)
        return there[self.stage.output]

    def _input(self, node: Node, position: int, part: Value, spans: Spans) -> Value:
        """What the node reads of a part of its input, of which other nodes may need more."""
        whole, ends = node.inputs[position], []
        for axis, own in zip(AXES, spans):
            low, high = self.stage.need(node, position, axis, own[node.output])
            ends.append((low - own[whole][0], high - own[whole][0]))
        return self._cut(node, part, ends, "read")

    def _attrs(self, node: Node, spans: list[Span]) -> Attributes:
        """The node's attributes, with padding where the patch lies at the border."""
        window = self.stage.windows[node]
        if not any(map(any, window.pad)):
            return node.attrs
        ranges = [(*seen(window, axis, span), node.inputs[0].shape[axis]) for axis, span in zip(AXES, spans)]
        return changed(node.attrs, padding=tuple((max(0, -low), max(0, high - n)) for low, high, n in ranges))

    def _cut(self, node: Node, value: Value, spans: list[Span], name: str) -> Value:
        """Cells of a value; itself if that is all of them."""
        if all(span == (0, value.shape[axis]) for axis, span in zip(AXES, spans)):
            return value
        numbers = (np.array([n], np.int32) for span in spans for n in span)
        bounds = [Value("cells", TensorType((1,), INT32), const=n) for n in numbers]
        items = tuple(flags(axis, begin=True, end=True) for axis in AXES)
        return self._append(node, "Subtensor", IndexAttrs(items), [value, *bounds], f"{value.name}.{name}")

    def _join(self, patches: list[Value], axis: int, name: str) -> Value:
        if len(patches) == 1:
            return patches[0]
        return self._append(self.stage.nodes[-1], "Concat", AxisAttrs(axis), patches, name)

    def _append(self, node: Node, op: str, attrs: Attributes, inputs: list[Value], name: str) -> Value:
        """Add a node that is named like ``node``."""
        made = Node(op, node.name, attrs, inputs, origin=node.origin)
        made.outputs = [Value(f"{node.output.name}.{name}", t, made) for t in ops.infer(made)]
        self.nodes.append(made)
        return made.output
