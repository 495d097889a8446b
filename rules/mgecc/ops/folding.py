"""Folding of nodes whose inputs are known, be it as expressions over declared sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType
from mgecc.graph.symbolic import Real, Sym, Undecided
from mgecc.ops.registry import evaluate, find


def has_sizes(array: np.ndarray) -> bool:
    """Whether some numbers are expressions over sizes."""
    return array.dtype == object


def depends_on_sizes(type_: TensorType) -> bool:
    return any(isinstance(n, Sym) for n in type_.shape)


def folded(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Like ``fold``; nothing if the numbers of the results are no expressions over sizes."""
    if any(depends_on_sizes(v.type) for v in node.outputs):
        return []
    try:
        with np.errstate(all="ignore"):
            return fold(node, inputs)
    except Undecided:
        return []


def fold(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The results of a node whose inputs are all known, some of them perhaps as expressions."""
    operator = find(node.op)
    shaped = operator.reads_shapes_only and any(depends_on_sizes(v.type) for v in node.inputs)
    if not shaped and not any(map(has_sizes, inputs)):
        return evaluate(node, inputs)
    result = operator.of_sizes(node, inputs)
    if not any(isinstance(n, (Sym, Real)) for n in result.reshape(-1)):
        result = np.array(result.tolist(), node.output.type.dtype.numpy)
    return [result]
