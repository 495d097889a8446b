"""Sums of what decision trees vote for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.graph.attributes import POSITIVE
from mgecc.graph.types import FLOAT32
from mgecc.ops.counted import item_by_item
from mgecc.ops.registry import Operator, operator

_LARGEST = np.finfo(np.float32).max
AT_LEAST = {"sum": 0.0, "min": float(_LARGEST), "max": float(-_LARGEST)}
"""Results before the first vote."""


@dataclass(frozen=True)
class TreeEnsembleAttrs(Attributes):
    """``aggregate``: what becomes of the votes for each of ``targets``."""

    aggregate: Literal["sum", "min", "max"]
    targets: Annotated[int, POSITIVE]


def _check_nodes(nodes: np.ndarray, features: int, leaves: int) -> bool:
    """Whether features exist, and children lie behind their parents or are leaves."""
    children, own = nodes[:, 1:], np.arange(len(nodes))[:, None]
    placed = (children > own) & (children < len(nodes)) | (children < 0) & (children >= -leaves)
    return bool((nodes[:, 0] >= 0).all() and (nodes[:, 0] // 2 < features).all() and placed.all())


def _are_ends(ends: np.ndarray) -> bool:
    return bool(ends[0] == 0 and (np.diff(ends) >= 0).all())


def _within(numbers: np.ndarray, least: int, end: int) -> bool:
    return bool((numbers >= least).all() and (numbers < end).all())


@operator("TreeEnsemble")
class TreeEnsemble(Operator):
    """Votes of decision trees for each row of x (rows, features), collected by target.

    Constant tables: nodes (n, 3) of 2 * feature + (1 if what is not a number goes to the first child) and two children,
    the first for numbers up to the node's split (n); roots. Children and roots are nodes, or leaves as -1 - leaf. Leaf
    k has the votes from ends (leaves + 1) k to k + 1: targets and weights.
    """

    Attributes = TreeEnsembleAttrs
    operands = "float integer float integer integer integer float"
    limits = "float32; constant trees"

    counted = staticmethod(item_by_item)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, tables = node.inputs[0].type, [v.const for v in node.inputs[1:]]
        if x.rank != 2 or any(t is None for t in tables):
            raise Unsupported(f"data {x} or trees that the model computes are not served")
        nodes, splits, roots, ends, targets, weights = (t for t in tables if t is not None)
        leaves, attrs = len(ends) - 1, node.attributes(TreeEnsembleAttrs)
        fits = len(splits) == len(nodes) and len(targets) == len(weights) == ends[-1]
        fits = fits and _are_ends(ends) and _check_nodes(nodes, x.shape[1], leaves)
        if not fits or not _within(roots, -leaves, len(nodes)) or not _within(targets, 0, attrs.targets):
            raise Unsupported("the trees have children, features or targets that do not exist")
        return [TensorType((x.shape[0], attrs.targets), FLOAT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, nodes, splits, roots, ends, targets, weights = inputs
        attrs = node.attributes(TreeEnsembleAttrs)
        gather = {"sum": np.add, "min": np.minimum, "max": np.maximum}[attrs.aggregate]
        result = np.full((len(x), attrs.targets), AT_LEAST[attrs.aggregate])
        for root in roots:
            leaf = _leaves(x, nodes, splits, int(root))
            for k in np.unique(leaf):
                rows = np.flatnonzero(leaf == k)
                for vote in range(ends[k], ends[k + 1]):
                    result[rows, targets[vote]] = gather(result[rows, targets[vote]], weights[vote])
        return [result]


def _leaves(x: np.ndarray, nodes: np.ndarray, splits: np.ndarray, root: int) -> np.ndarray:
    """The leaf that each row reaches."""
    at, every = np.full(len(x), root), np.arange(len(x))
    while (at >= 0).any():
        rows = every[at >= 0]
        here = nodes[at[rows]]
        number = x[rows, here[:, 0] // 2]
        first = (number <= splits[at[rows]]) | (np.isnan(number) & (here[:, 0] % 2 == 1))
        at[rows] = np.where(first, here[:, 1], here[:, 2])
    return -1 - at
