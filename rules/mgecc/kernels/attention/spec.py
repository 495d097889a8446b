"""Multi-head attention in float32, projections included."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Workspace, serves
from mgecc.kernels.plain import padded, plain_candidate, require_const, require_float32
from mgecc.kernels.strides import broadcast_strides
from mgecc.kernels.weights import weight_type
from mgecc.ops.attention import AttentionAttrs, weight_parts
from mgecc.targets import Target

_IN, _OUT = "const float *", "float *"
_INTS = ("n", "heads", "tq", "tk", "wide", "deep", "qin", "kin", "vin", "out")
_MASK = ("mhead", "mrow", "mcol")
_Projection = tuple[np.ndarray | None, np.ndarray | None]


def _present(projection: _Projection) -> bool:
    return any(part is not None for part in projection)


def _packed(projection: _Projection, width: int) -> np.ndarray:
    """Bias and matrix as tiles of ``width`` columns; a bias alone goes with the unit matrix."""
    matrix, bias = projection
    if matrix is None:
        assert bias is not None
        matrix = np.eye(len(bias), dtype=np.float32)
    whole = np.zeros((1 + matrix.shape[0], matrix.shape[1]), np.float32)
    whole[1:] = matrix
    if bias is not None:
        whole[0] = bias
    tiles = padded(whole, width).reshape(len(whole), -1, width).transpose(1, 0, 2)
    return np.concatenate([tiles[:, 0].reshape(-1), tiles[:, 1:].reshape(-1)])


def _projections(node: Node) -> list[_Projection]:
    flat = require_const(node.inputs[3], "weights") if node.inputs[3].type.elements else np.zeros(0)
    found = weight_parts(node, flat.astype(np.float32).reshape(-1))
    return [found[part] for part in "qkvo"]


def _pack(node: Node, width: int) -> np.ndarray:
    parts = [_packed(p, width) for p in _projections(node) if _present(p)]
    return weight_type(node, 3).stored(np.concatenate([*parts, np.zeros(1, np.float32)]))


def _mask_strides(node: Node) -> tuple[int, ...]:
    if len(node.inputs) < 5:
        return ()
    heads, rows, columns = node.outputs[1].shape
    return broadcast_strides(node.inputs[4].shape, (heads, rows, columns))


def _build(target: Target, node: Node) -> list[Call]:
    q, k, v = node.inputs[:3]
    (n, tq, _), tk, masks = q.shape, k.shape[1], node.inputs[4:5]
    there = [_present(p) for p in _projections(node)]
    attrs = node.attributes(AttentionAttrs)
    wide, deep = (attrs.projections[i] or node.inputs[i].shape[-1] for i in (0, 2))
    widths = [value.shape[-1] if p else 0 for value, p in zip((q, k, v, node.output), there)]
    stored = weight_type(node, 3)
    kernel = Kernel(
        f"attention_f32_heads{stored.suffix}{'_mask' if masks else ''}",
        "attention/heads.c.j2",
        (
            *((name, _IN) for name in "qkv"),
            ("w", stored.ctype),
            *((("mask", _IN),) if masks else ()),
            *((name, _OUT) for name in ("y", "weights", "work")),
        ),
        (*((name, "int32_t") for name in (*_INTS, *(_MASK if masks else ()))), ("scaler", "float")),
        (("mask", bool(masks)), ("wtype", stored.name)),
        ("math", *stored.needs),
    )
    sizes = (n, attrs.heads, tq, tk, wide, deep, *widths, *_mask_strides(node))
    work = Workspace(4 * n * (tq + tk) * (wide + deep))
    weights = Const(partial(_pack, node, 2 * target.lanes), 64)
    operands: tuple[Operand, ...] = (q, k, v, weights, *masks, node.output, node.outputs[1], work)
    return [Call(kernel, operands, (*sizes, float(attrs.scale)))]


@serves("MultiHeadAttn")
def attention(node: Node, target: Target) -> Iterator[Candidate]:
    """All heads in one call; the attention weights are kept where the operator returns them."""
    require_float32((*node.inputs, *node.outputs))
    _projections(node)
    q, k = node.inputs[:2]
    rows = q.shape[0] * (q.shape[1] + k.shape[1])
    work = node.inputs[3].type.elements * rows + 4 * node.outputs[1].type.elements * q.shape[2]
    yield plain_candidate(node, partial(_build, target), 500 + work / target.lanes, "all heads in one call")
