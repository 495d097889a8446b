"""Choose a kernel and a layout for every node together, by cost.

Dynamic programming over layouts, as in Liu et al. 2019, "Optimizing CNN Model Inference on CPUs" (arXiv:1809.02697):
forward, each value gets a table with the cheapest cost of having it in each layout; backward, from the outputs
(which are plain), each node takes the candidate that is cheapest together with the relayouts its readers would then
need. Where values have several readers this is a heuristic; the exact problem is a partitioned Boolean quadratic one
(Anderson and Gregg 2018, arXiv:1710.01079).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import inf

from mgecc.graph import Diagnostics, Graph, Node, Unsupported, Value
from mgecc.graph.symbolic import at_max_sizes, equal
from mgecc.kernels import Alias, Candidate, candidates
from mgecc.kernels.base import served
from mgecc.ops import find
from mgecc.ops.relayout_op import RelayoutAttrs
from mgecc.planner.limits import Goal, room, spare_flash
from mgecc.planner.shrink import Choice, code_bytes, share_kernels
from mgecc.targets import Target

Blocks = dict[int, float]
# Instructions that a byte of packed weights beyond the operators' own costs, tried in this order until flash suffices.
_PRICES = (0.1, *(2.0**k for k in range(-3, 12)))


def relayout_cost(value: Value, have: int, want: int) -> float:
    """Estimated instructions to bring a value from one channel block to another."""
    if have == want:
        return 0.0
    if is_free_relayout(value, have, want):
        return 1.0
    return 200.0 + 1.5 * at_max_sizes(value.type.elements)


def is_free_relayout(value: Value, have: int, want: int) -> bool:
    """Both layouts are the same bytes: one pixel, no padding lanes."""
    _, ch, h, w = value.shape
    return equal(h * w, 1) and equal(ch % have, 0) and equal(ch % want, 0)


def options(node: Node, target: Target) -> list[Candidate]:
    """Candidates of a node; Unsupported if there is none."""
    found = candidates(node, target)
    if not found:
        raise _unserved(node, target)
    return found


def _unserved(node: Node, target: Target) -> Unsupported:
    """Nothing computes this node: what is missing, on which types, and what there is."""
    reads, gives = (", ".join(str(v.type) for v in side) for side in (node.inputs, node.outputs))
    if node.op not in served():
        return Unsupported(
            f"no kernel serves this operator ({reads} -> {gives})", "see `mgecc ops` for those that are"
        )
    limits = find(node.op).limits
    advice = f"supported are {limits}" if limits else "see `mgecc ops` for what is supported"
    return Unsupported(f"no kernel serves this form on {target.name} ({reads} -> {gives})", advice)


class Selection:
    """State of one selection run. ``goal`` weighs a candidate: speed counts instructions, size counts bytes, too.

    ``price``: instructions that a byte of packed weights beyond the operator's own costs.
    """

    def __init__(self, graph: Graph, target: Target, goal: Goal) -> None:
        self.graph, self.target, self.goal = graph, target, goal
        self.table: dict[Value, Blocks] = {v: {1: 0.0} for v in graph.inputs}
        self.options: dict[Node, list[Candidate]] = {}
        self.room = room(graph, goal)
        self.price = _PRICES[0]

    def own_cost(self, candidate: Candidate) -> float:
        size = 200.0 * (candidate.code + candidate.weights) if self.goal.kind == "size" else 0.0
        return candidate.cost + self.price * candidate.weights + size

    def _fitting(self, node: Node) -> list[Candidate]:
        """Candidates whose scratch memory has room; those with the least scratch if none has."""
        found = options(node, self.target)
        most = max(self.room[node], min(c.scratch for c in found))
        return [c for c in found if c.scratch <= most]

    def input_cost(self, node: Node, candidate: Candidate) -> float:
        """Cheapest way to have all inputs in the layouts that the candidate wants."""
        return sum(
            min(cost + relayout_cost(v, have, want) for have, cost in self.table[v].items())
            for v, want in zip(node.inputs, candidate.in_blocks)
            if not v.is_const
        )

    def forward(self, problems: Diagnostics) -> None:
        for node in self.graph.nodes:
            try:
                self.options[node] = self._fitting(node)
            except Unsupported as error:
                problems.add_error(node, error)
                # What follows may have problems of its own, and all of them are to be told.
                self.table.update((value, {1: 0.0}) for value in node.outputs)
                continue
            self._fill(node)

    def _fill(self, node: Node) -> None:
        for k, value in enumerate(node.outputs):
            self.table[value] = self._costs(node, k)

    def within(self, flash: float) -> list[Choice]:
        """Cheapest selection whose code and extra packed weights fit ``flash`` bytes; if none fits, the smallest."""
        chosen: list[Choice] = []
        for self.price in _PRICES:
            for node in self.graph.nodes:
                self._fill(node)
            chosen = self.backward()
            more = sum(choice.candidate.weights for choice in chosen)
            if flash == inf or more + code_bytes(chosen) <= flash:
                break
        return chosen

    def _costs(self, node: Node, k: int) -> Blocks:
        costs: Blocks = {}
        for c in self.options[node]:
            total = self.own_cost(c) + self.input_cost(node, c)
            block = c.out_blocks[k]
            costs[block] = min(costs.get(block, total), total)
        return costs

    def backward(self) -> list[Choice]:
        demand: dict[Value, set[int]] = {v: {1} for _, v in self.graph.outputs}
        chosen: list[Choice] = []
        for node in reversed(self.graph.nodes):
            best = min(self.options[node], key=partial(self._total, node, demand))
            chosen.append(Choice(node, best, tuple(self.options[node])))
            for v, block in zip(node.inputs, best.in_blocks):
                if not v.is_const:
                    demand.setdefault(v, set()).add(block)
        return chosen[::-1]

    def _total(self, node: Node, demand: dict[Value, set[int]], candidate: Candidate) -> float:
        after = sum(
            relayout_cost(v, have, want)
            for v, have in zip(node.outputs, candidate.out_blocks)
            for want in demand.get(v, ())
        )
        return self.own_cost(candidate) + self.input_cost(node, candidate) + after


def select(graph: Graph, target: Target, goal: Goal, problems: Diagnostics) -> list[Choice]:
    """Choose for all nodes; problems are collected, and then nothing is chosen."""
    selection = Selection(graph, target, goal)
    selection.forward(problems)
    if problems.problems:
        return []
    chosen = place_relayouts(graph, selection.within(spare_flash(graph, goal)), target)
    return share_kernels(chosen) if goal.kind == "size" else chosen


def place_relayouts(graph: Graph, chosen: list[Choice], target: Target) -> list[Choice]:
    """Give values their layouts and insert one Relayout node for each (value, layout) that is read otherwise."""
    result: list[Choice] = []
    versions: dict[tuple[Value, int], Value] = {}

    def version(value: Value, block: int) -> Value:
        if value.is_const or value.type.block == block:
            return value
        if (value, block) not in versions:
            node = relayout_node(value, block)
            versions[value, block] = node.output
            result.append(Choice(node, min(options(node, target), key=lambda c: c.cost)))
        return versions[value, block]

    for choice in chosen:
        node = choice.node
        before = node.inputs
        node.inputs = [version(v, b) for v, b in zip(before, choice.candidate.in_blocks, strict=True)]
        for value, block in zip(node.outputs, choice.candidate.out_blocks, strict=True):
            value.type = value.type.with_block(block)
        result.append(_moved(choice, dict(zip(before, node.inputs))))
    graph.outputs = [(name, version(v, 1)) for name, v in graph.outputs]
    graph.nodes = [c.node for c in result]
    return result


def _moved(choice: Choice, versions: dict[Value, Value]) -> Choice:
    """The choice with its views expressed in the versions of the inputs that the node now reads."""
    aliases = tuple(
        Alias(versions.get(p.inner, p.inner), versions.get(p.outer, p.outer), p.offset)
        for p in choice.candidate.aliases
    )
    return replace(choice, candidate=replace(choice.candidate, aliases=aliases))


def relayout_node(value: Value, block: int) -> Node:
    """A node that copies ``value`` into another channel block."""
    producer = value.producer
    attrs = RelayoutAttrs(value.type.block, block)
    node = Node("Relayout", value.name, attrs, [value], origin=producer.origin if producer else "model input")
    node.outputs = [Value(f"{value.name}.nchw{block}", value.type.with_block(block), node)]
    return node
