"""Multi-head attention with all its projections in one flat tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.graph.types import FLOAT32
from mgecc.ops.arithmetic import stretches
from mgecc.ops.fixed_order import matmul
from mgecc.ops.normalization import softmax
from mgecc.ops.registry import Operator, operator

_PARTS = "qkvo"
_MASKS = ("NO_MASK", "DEFAULT_MASK", "USER_DEFINED_MASK")


def _check(attrs: dict[str, Any]) -> None:
    refused = {
        "biases of keys and values": attrs["tensor_combination_type"] not in ("NONE", "ONLY_MASK"),
        f"masks of type {attrs['attn_mask_type']}": attrs["attn_mask_type"] not in _MASKS,
        "add_zero_attn": attrs["add_zero_attn"],
        "reslink": attrs["reslink"],
        f"input order {attrs['input_order']}": attrs["input_order"] != 0,
        "dropout in training": attrs["training"] and (attrs["attn_prob"] or attrs["out_prob"]),
    }
    for what, present in refused.items():
        if present:
            raise Unsupported(f"attention with {what} is not supported")


def _widths(node: Node) -> dict[str, tuple[int, int]]:
    """(columns in, columns out) of the projections q, k, v, o; equal to the data's width where there is none."""
    attrs = node.attrs
    found = {}
    for part, value in zip("qkv", node.inputs):
        width = value.shape[-1]
        found[part] = (width, int(attrs[f"{part}proj_size"]) or width)
    found["o"] = (found["v"][1], int(attrs["oproj_size"]) or found["v"][1])
    return found


def _weight_count(node: Node) -> int:
    widths, attrs = _widths(node), node.attrs
    matrices = sum(a * b for p, (a, b) in widths.items() if attrs[f"{p}proj_size"])
    return matrices + sum(widths[p][1] for p in _PARTS if attrs[f"{p}bias"])


def weight_parts(node: Node, flat: np.ndarray) -> dict[str, tuple[np.ndarray | None, np.ndarray | None]]:
    """(matrix, bias) of q, k, v, o: first all matrices, then all biases, absent ones left out."""
    widths, matrices, biases, begin = _widths(node), {}, {}, 0
    for part, (rows, columns) in widths.items():
        if node.attrs[f"{part}proj_size"]:
            matrices[part] = flat[begin : begin + rows * columns].reshape(rows, columns)
            begin += rows * columns
    for part, (_, columns) in widths.items():
        if node.attrs[f"{part}bias"]:
            biases[part] = flat[begin : begin + columns]
            begin += columns
    return {part: (matrices.get(part), biases.get(part)) for part in _PARTS}


def _project(x: np.ndarray, projection: tuple[np.ndarray | None, np.ndarray | None]) -> np.ndarray:
    matrix, bias = projection
    x = x if matrix is None else matmul(x, matrix)
    return x if bias is None else x + bias


def _heads(x: np.ndarray, heads: int) -> np.ndarray:
    """(n, t, width) to (n, heads, t, width / heads)."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


@operator("MultiHeadAttn")
class MultiHeadAttn(Operator):
    """Inputs q, k, v, flat weights [, mask]; results y, attention (n heads, tq, tk) and two unused reserves."""

    operands = "float float float float float?"
    limits = "inference form, additive mask"
    weights, reserves = (3,), (2, 3)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        _check(node.attrs)
        q, k, v, weights = (value.type for value in node.inputs[:4])
        heads, widths = int(node.attrs["num_heads"]), _widths(node)
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
        heads, projections = int(node.attrs["num_heads"]), weight_parts(node, flat.reshape(-1))
        q, k, v = (_heads(_project(x, projections[p]), heads) for p, x in zip("qkv", (q, k, v)))
        scores = matmul(q, k.swapaxes(-1, -2)) * np.float32(node.attrs["sm_scaler"])
        scores = scores.reshape(-1, *scores.shape[2:])
        weights = softmax(scores + mask[0] if mask else scores, -1)
        mixed = matmul(weights.reshape(*q.shape[:2], *weights.shape[1:]), v).swapaxes(1, 2)
        y = _project(mixed.reshape(*mixed.shape[:2], -1), projections["o"])
        return [y, weights, *(np.zeros(value.shape) for value in node.outputs[2:])]
