"""Candidates for TreeEnsemble."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node
from mgecc.graph.symbolic import at_max_sizes
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.plain import plain_candidate, require_float32
from mgecc.ops.trees import AT_LEAST, TreeEnsembleAttrs
from mgecc.targets import Target

_TABLES = (
    ("nodes", "const int32_t *"), ("splits", "const float *"), ("roots", "const int32_t *"),
    ("ends", "const int32_t *"), ("targets", "const int32_t *"), ("weights", "const float *"),
)  # fmt: skip
_SIZES = ("rows", "features", "n_nodes", "n_roots", "n_leaves", "n_votes", "n_targets")


def _build(node: Node) -> list[Call]:
    attrs = node.attributes(TreeEnsembleAttrs)
    kernel = Kernel(
        f"trees_f32_{attrs.aggregate}",
        "trees/trees.c.j2",
        (("x", "const float *"), *_TABLES, ("y", "float *")),
        (*((name, "int32_t") for name in _SIZES), ("start", "float")),
        (("aggregate", attrs.aggregate),),
    )
    x, nodes, _, roots, ends, targets, _ = node.inputs
    counts = (nodes.shape[0], roots.shape[0], ends.shape[0] - 1, targets.shape[0])
    sizes = (*x.shape, *counts, attrs.targets, AT_LEAST[attrs.aggregate])
    return [Call(kernel, (*node.inputs, node.output), sizes)]


@serves("TreeEnsemble")
def tree_ensembles(node: Node, target: Target) -> Iterator[Candidate]:
    """Tree by tree from the root to a leaf, for each row."""
    require_float32((node.inputs[0], node.output))
    nodes, roots = node.inputs[1].shape[0], node.inputs[3].shape[0]
    depth = (nodes // max(roots, 1)).bit_length()
    cost = 50.0 + 8.0 * at_max_sizes(node.inputs[0].shape[0]) * roots * (depth + 2)
    yield plain_candidate(node, _build, cost, "from the root to a leaf")
