"""Ensembles of decision trees (ai.onnx.ml), brought to the form of ``mgecc.ops.trees``.

Every condition becomes comparisons x <= split: the numbers for which it holds are intervals, whose ends are splits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mgecc.graph import Unsupported
from mgecc.graph.types import FLOAT32, INT32
from mgecc.ops.trees import TreeEnsembleAttrs

from ..dtypes import array_of
from . import OnnxNode, Tensor, TensorBuilder, rule
from .classical import labelled, transformed, two_scores

_MODES = ("LEQ", "LT", "GTE", "GT", "EQ", "NEQ", "MEMBER")
_AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")
_TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
Vote = tuple[int, float]


@dataclass(frozen=True)
class _Branch:
    """A node of the file: ``yes`` and ``no`` are places of others, or leaves as -1 - leaf.

    ``missing``: whether what is not a number fulfils the condition though it compares with nothing.
    """

    feature: int
    mode: str
    numbers: Sequence[float]
    missing: bool
    yes: int
    no: int


@dataclass
class _Forest:
    """Trees in the form of the operator, filled from the file's nodes; children come behind their parents."""

    branches: Mapping[int, _Branch]
    leaves: Sequence[Sequence[Vote]]
    nodes: list[list[int]] = field(default_factory=list)
    splits: list[float] = field(default_factory=list)

    def plant(self, root: int) -> int:
        """What the operator calls the root of a tree."""
        if root < 0:
            return root
        first, seen, waiting = len(self.nodes), set[int](), [(root, list[tuple[int, int]]())]
        while waiting:
            place, parents = waiting.pop()
            for node, column in parents:
                self.nodes[node][column] = place if place < 0 else len(self.nodes)
            if place >= 0:
                if place in seen or place not in self.branches:
                    raise Unsupported(
                        f"the node {place} is missing or has two parents", "export the trees again"
                    )
                seen.add(place)
                waiting += self._grow(self.branches[place])
        return first

    def _grow(self, branch: _Branch) -> list[tuple[int, list[tuple[int, int]]]]:
        """Its comparisons, one behind the other, and where its two children are to be noted."""
        steps, rest = _intervals(branch)
        missing = branch.missing or branch.mode == "NEQ"
        lost = next((k for k, (_, holds) in enumerate(steps) if holds == missing), None)
        ends: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
        for k, (split, holds) in enumerate(steps):
            flag = int(rest != missing and k == lost)
            self.nodes.append([2 * branch.feature + flag, 0, len(self.nodes) + 1])
            self.splits.append(split)
            ends[holds].append((len(self.nodes) - 1, 1))
        ends[rest].append((len(self.nodes) - 1, 2))
        return [(branch.yes, ends[True]), (branch.no, ends[False])]

    def tables(self, t: TensorBuilder, roots: Sequence[int]) -> list[Tensor]:
        votes = [vote for leaf in self.leaves for vote in leaf]
        ends = np.cumsum([0, *map(len, self.leaves)])
        return [
            t.constant(np.array(self.nodes, np.int64).reshape(-1, 3), INT32),
            t.constant(np.array(self.splits, np.float32)),
            t.constant(np.array(roots), INT32),
            t.constant(ends, INT32),
            t.constant(np.array([target for target, _ in votes], np.int64), INT32),
            t.constant(np.array([weight for _, weight in votes], np.float32)),
        ]


def _intervals(branch: _Branch) -> tuple[list[tuple[float, bool]], bool]:
    """Splits in rising order, each with whether the condition holds up to it, and whether it holds beyond them."""
    ranges = {"LEQ": True, "LT": True, "GT": False, "GTE": False}
    if branch.mode in ranges:
        below = branch.mode in ("LT", "GTE")
        holds = ranges[branch.mode]
        return [(_split(branch.numbers[0], below), holds)], not holds
    holds = branch.mode != "NEQ"
    steps = list[tuple[float, bool]]()
    for number in sorted({float(np.float32(n)) for n in branch.numbers}):
        steps += [(_split(number, True), not holds), (number, holds)]
    return steps or [(0.0, not holds)], not holds


def _split(number: float, below: bool) -> float:
    """The float32 nearest to a number, as the data is rounded too, or the one below it."""
    near = np.float32(number)
    return float(np.nextafter(near, np.float32(-np.inf)) if below else near)


def _votes(
    t: TensorBuilder, x: Tensor, forest: _Forest, roots: Sequence[int], aggregate: str, targets: int
) -> Tensor:
    planted = [forest.plant(root) for root in roots]
    mode = {"AVERAGE": "sum"}.get(aggregate, aggregate.lower())
    if aggregate not in _AGGREGATES or x.rank != 2:
        raise Unsupported(f"{aggregate} of trees on data of shape {list(x.shape)} is not supported")
    attrs = TreeEnsembleAttrs(mode, targets)  # type: ignore[arg-type]
    result = t.one("TreeEnsemble", attrs, t.cast(x, FLOAT32), *forest.tables(t, planted))
    if aggregate == "AVERAGE":
        result = t.elemwise("true_div", result, t.like(result, len(roots)))
    return result


def _name(names: Sequence[str], number: int) -> str:
    if not 0 <= number < len(names):
        raise Unsupported(
            f"{number} stands for none of {', '.join(names)}", "check the file with onnx.checker"
        )
    return names[number]


@rule("TreeEnsemble", "ai.onnx.ml.TreeEnsemble")
def tree_ensemble(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The form of version 5: nodes and leaves in lists of their own."""
    splits, modes = (array_of(node.require(name)).reshape(-1) for name in ("nodes_splits", "nodes_modes"))
    weights = array_of(node.require("leaf_weights")).reshape(-1)
    names = ("featureids", "truenodeids", "trueleafs", "falsenodeids", "falseleafs")
    columns = list(zip(*(node.require(f"nodes_{name}") for name in names), strict=True))
    missing = node.get("nodes_missing_value_tracks_true", [0] * len(columns))
    members = _members(node)
    branches = {}
    for k, (feature, yes, yes_leaf, no, no_leaf) in enumerate(columns):
        mode = _name(_MODES, int(modes[k]))
        numbers = members.pop(0) if mode == "MEMBER" and members else [float(splits[k])]
        ends = (-1 - yes if yes_leaf else yes), (-1 - no if no_leaf else no)
        branches[k] = _Branch(feature, mode, numbers, bool(missing[k]), *ends)
    leaves = [[(i, float(w))] for i, w in zip(node.require("leaf_targetids"), weights, strict=True)]
    roots = [_root(branches, k) for k in node.require("tree_roots")]
    aggregate = _name(_AGGREGATES, node.get("aggregate_function", 1))
    x = node.operand(0)
    votes = _votes(t, x, _Forest(branches, leaves), roots, aggregate, node.require("n_targets"))
    return [t.cast(transformed(t, votes, _name(_TRANSFORMS, node.get("post_transform", 0))), x.dtype)]


def _root(branches: Mapping[int, _Branch], place: int) -> int:
    """A tree that is one leaf stands there as a node with twice this leaf."""
    branch = branches.get(place)
    return branch.yes if branch is not None and branch.yes == branch.no < 0 else place


def _members(node: OnnxNode) -> list[list[float]]:
    """The sets of the membership nodes, in their order; each ends with NaN in the file."""
    stored = array_of(node.attrs["membership_values"]) if "membership_values" in node.attrs else np.zeros(0)
    sets: list[list[float]] = [[]]
    for number in stored.reshape(-1):
        if np.isnan(number):
            sets.append([])
        else:
            sets[-1].append(float(number))
    return sets[:-1]


def _numbers(node: OnnxNode, name: str) -> Sequence[float]:
    """An attribute of floats, or of the tensor that stands for it."""
    stored = node.attrs.get(f"{name}_as_tensor")
    return node.get(name, []) if stored is None else array_of(stored).reshape(-1).tolist()  # type: ignore[no-any-return]


def _old_forest(node: OnnxNode, kind: str) -> tuple[_Forest, list[int]]:
    """The form of versions 1 to 4: leaves are nodes, named by tree and number. And the roots, a tree's first node."""
    trees, ids = node.require("nodes_treeids"), node.require("nodes_nodeids")
    place = {pair: k for k, pair in enumerate(zip(trees, ids, strict=True))}
    votes = _old_votes(node, kind, place)
    modes = [mode.removeprefix("BRANCH_") for mode in node.require("nodes_modes")]
    leaf = {k: number for number, k in enumerate(k for k, mode in enumerate(modes) if mode == "LEAF")}
    missing = node.get("nodes_missing_value_tracks_true", None) or [0] * len(ids)
    rows = zip(
        trees, node.require("nodes_featureids"), _numbers(node, "nodes_values"), missing,
        node.require("nodes_truenodeids"), node.require("nodes_falsenodeids"), strict=True,
    )  # fmt: skip
    branches = dict[int, _Branch]()
    for k, (tree, feature, number, lost, yes, no) in enumerate(rows):
        if k not in leaf:
            ends = [place[tree, child] for child in (yes, no)]
            ends = [-1 - leaf[e] if e in leaf else e for e in ends]
            branches[k] = _Branch(feature, _known(modes[k]), [float(number)], bool(lost), *ends)
    return _Forest(branches, [votes.get(k, []) for k in leaf]), _first_nodes(trees, leaf)


def _first_nodes(trees: Sequence[int], leaf: Mapping[int, int]) -> list[int]:
    first = {tree: k for k, tree in reversed(list(enumerate(trees)))}
    return [-1 - leaf[k] if k in leaf else k for _, k in sorted(first.items())]


def _old_votes(node: OnnxNode, kind: str, place: Mapping[tuple[int, int], int]) -> dict[int, list[Vote]]:
    """What leaves give, by their places among the nodes."""
    votes: dict[int, list[Vote]] = {}
    names = (f"{kind}_treeids", f"{kind}_nodeids", f"{kind}_ids")
    stored = zip(*(node.require(name) for name in names), _numbers(node, f"{kind}_weights"), strict=True)
    for tree, own, target, weight in stored:
        votes.setdefault(place[tree, own], []).append((target, float(weight)))
    return votes


def _known(mode: str) -> str:
    if mode not in _MODES[:-1]:
        raise Unsupported(f"nodes of the mode BRANCH_{mode} are not supported")
    return mode


def _with_base(t: TensorBuilder, votes: Tensor, base: Sequence[Any]) -> Tensor:
    return t.elemwise("add", votes, t.constant(np.array(base, np.float32))) if len(base) else votes


@rule("TreeEnsemble", "ai.onnx.ml.TreeEnsembleRegressor")
def tree_regressor(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    forest, roots = _old_forest(node, "target")
    aggregate, targets = node.get("aggregate_function", "SUM"), node.get("n_targets", 1)
    votes = _votes(t, node.operand(0), forest, roots, aggregate, targets)
    return [
        transformed(
            t, _with_base(t, votes, _numbers(node, "base_values")), node.get("post_transform", "NONE")
        )
    ]


@rule("TreeEnsemble", "ai.onnx.ml.TreeEnsembleClassifier")
def tree_classifier(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor | None]:
    """Labels and scores; one class with votes makes two scores that are each other's opposite."""
    forest, roots = _old_forest(node, "class")
    labels = node.get("classlabels_int64s", None) or node.get("classlabels_strings", [])
    scores = _votes(t, node.operand(0), forest, roots, "SUM", len(labels))
    base, transform = _numbers(node, "base_values"), node.get("post_transform", "NONE")
    scores = _with_base(t, scores, base)
    if len(set(node.require("class_ids"))) == 1:
        scores = two_scores(t, scores, transform)
    return labelled(node, t, transformed(t, scores, transform))
