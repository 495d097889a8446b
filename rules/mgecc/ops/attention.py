"""Multi-head attention with all its projections in one flat tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.graph.attributes import FINITE, NATURAL, POSITIVE
from mgecc.graph.types import FLOAT32
from mgecc.ops.arithmetic import stretches
from mgecc.ops.fixed_order import matmul
from mgecc.ops.normalization import softmax
from mgecc.ops.registry import Operator, operator

_PARTS = "qkvo"
_Columns = Annotated[int, NATURAL]


@dataclass(frozen=True)
class AttentionAttrs(Attributes):
    """Scores are times ``scale`` before the softmax.

    ``projections``: columns of the matrices of q, k, v and the output, 0 where there is none; ``biases``: which of them
    add one. ``weights_f16``: the weights are halves, and stored as such.
    """

    heads: Annotated[int, POSITIVE]
    scale: Annotated[float, FINITE]
    projections: tuple[_Columns, _Columns, _Columns, _Columns] = (0, 0, 0, 0)
    biases: tuple[bool, bool, bool, bool] = (False, False, False, False)
    weights_f16: bool = False


def _widths(node: Node) -> dict[str, tuple[int, int]]:
    """(columns in, columns out) of the projections q, k, v, o; equal to the data's width where there is none."""
    *own, last = node.attributes(AttentionAttrs).projections
    found = {}
    for part, value, columns in zip("qkv", node.inputs, own):
        width = value.shape[-1]
        found[part] = (width, columns or width)
    found["o"] = (found["v"][1], last or found["v"][1])
    return found


def _weight_count(node: Node) -> int:
    widths, attrs = _widths(node), node.attributes(AttentionAttrs)
    matrices = sum(a * b for (a, b), there in zip(widths.values(), attrs.projections) if there)
    return matrices + sum(columns for (_, columns), there in zip(widths.values(), attrs.biases) if there)


def weight_parts(node: Node, flat: np.ndarray) -> dict[str, tuple[np.ndarray | None, np.ndarray | None]]:
    """(matrix, bias) of q, k, v, o: first all matrices, then all biases, absent ones left out."""
    widths, attrs = _widths(node), node.attributes(AttentionAttrs)
    matrices, biases, begin = {}, {}, 0
    for (part, (rows, columns)), there in zip(widths.items(), attrs.projections):
        if there:
            matrices[part] = flat[begin : begin + rows * columns].reshape(rows, columns)
            begin += rows * columns
    for (part, (_, columns)), there in zip(widths.items(), attrs.biases):
        if there:
            biases[part] = flat[begin : begin + columns]
            begin += columns
    return {part: (matrices.get(part), biases.get(part)) for part in _PARTS}


def _project(x: np.ndarray, projection: tuple[np.ndarray | None, np.ndarray | None]) -> np.ndarray:
    matrix, bias = projection
    x = x if matrix is None else matmul(x, matrix)
    return x if bias is None else x + bias


def _heads(x: np.ndarray, heads: int) -> np.ndarray:
    """(n, t, width) to (n, heads, t, width / heads)."""
    return np.asarray(x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2))


@operator("MultiHeadAttn")
class MultiHeadAttn(Operator):
    """Inputs q, k, v, flat weights [, mask]; results y, attention (n heads, tq, tk) and two unused reserves."""

    Attributes = AttentionAttrs
    operands = "float float float float float?"
    limits = "inference form, additive mask"
    weights, reserves = (3,), (2, 3)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        q, k, v, weights = (value.type for value in node.inputs[:4])
        heads, widths = node.attributes(AttentionAttrs).heads, _widths(node)
        if q.rank != 3 or k.shape[:2] != v.shape[:2] or q.shape[0] != k.shape[0]:
            raise Unsupported(f"attention cannot read {q}, {k} and {v}")
        if widths["q"][1] != widths["k"][1] or widths["q"][1] % heads or widths["v"][1] % heads:
            raise Unsupported(f"the projections {widths} do not split into {heads} heads")
        if weights.elements != _weight_count(node):
            raise Unsupported(f"{weights.elements} weights stand where {_weight_count(node)} are needed")
        (n, tq, _), tk = q.shape, k.shape[1]
        for mask in node.inputs[4:]:
            if not stretches(mask.shape, (n * heads, tq, tk)):
                raise Unsupported(
                    f"a mask of shape {list(mask.shape)} does not stretch to {[n * heads, tq, tk]}"
                )
        kept = n * (tq * widths["q"][1] + tk * (widths["k"][1] + widths["v"][1]) + tq * widths["v"][1]) + 1
        shapes = [(n * heads, tq, tk), (0,), (kept,)]
        return [q.with_shape((n, tq, widths["o"][1])), *(TensorType(s, FLOAT32) for s in shapes)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        q, k, v, flat, *mask = (a.astype(np.float32) for a in inputs)
        attrs, projections = node.attributes(AttentionAttrs), weight_parts(node, flat.reshape(-1))
        q, k, v = (_heads(_project(x, projections[p]), attrs.heads) for p, x in zip("qkv", (q, k, v)))
        scores = matmul(q, k.swapaxes(-1, -2)) * np.float32(attrs.scale)
        scores = scores.reshape(-1, *scores.shape[2:])
        weights = softmax(scores + mask[0] if mask else scores, -1)
        mixed = matmul(weights.reshape(*q.shape[:2], *weights.shape[1:]), v).swapaxes(1, 2)
        y = _project(mixed.reshape(*mixed.shape[:2], -1), projections["o"])
        return [y, weights, *(np.zeros(value.shape) for value in node.outputs[2:])]
