"""Int8 matrix product of rows with constant weights, results stored in bytes or as whole sums (rows.c.j2)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node, Value
from mgecc.kernels.base import Call, Candidate, Const, Kernel
from mgecc.kernels.requant import (
    BYTES,
    activation,
    has_dot,
    input_offset,
    is_unit_bias,
    numbers,
    order_weights,
    products,
    structure,
    suffix,
)
from mgecc.kernels.rescale import factor_constants, kind_of
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.targets import Target

_MOST_VECTORS = 4
_OPERANDS = (
    ("x", "const int8_t *"),
    ("w", "const int8_t *"),
    ("b", "const int32_t *"),
)
_NUMBERS, _FACTORS = (("q", "const float *"),), (("factors", "const int32_t *"),)


def _bias(node: Node) -> Value | None:
    return node.inputs[2] if len(node.inputs) > 2 and node.inputs[2].type.elements else None


def _is_whole(node: Node) -> bool:
    """Whether the results are the sums themselves."""
    return node.output.type.dtype.name == "qint32"


def _is_served(node: Node) -> bool:
    a, b = node.inputs[:2]
    plain = _is_whole(node) and structure(node) == activation(node) == "identity"
    if {a.type.dtype.name, b.type.dtype.name} != {"qint8"}:
        return False
    if not plain and node.output.type.dtype.name not in BYTES:
        return False
    if (
        not b.is_const
        or b.type.dtype.zero_point
        or node.attributes(MatrixMulAttrs).transpose_a
        or len(node.inputs) > 3
    ):
        return False
    bias, columns = _bias(node), node.output.shape[1]
    return bias is None or (bias.shape[-1] == bias.type.elements == columns and is_unit_bias(node, bias))


def _weights(node: Node) -> np.ndarray:
    """Weights (columns, k)."""
    b = node.inputs[1].const
    assert b is not None
    return b if node.attributes(MatrixMulAttrs).transpose_b else b.T


def _width(node: Node, target: Target) -> tuple[int, int]:
    """Vectors side by side, and groups of so many vectors."""
    vectors = -(-node.output.shape[1] // target.lanes)
    j = min(_MOST_VECTORS, vectors)
    return j, -(-vectors // j)


def _pack(node: Node, target: Target) -> np.ndarray:
    """Weights [group][four inputs][vector][lanes x 4 in the target's order]."""
    j, groups = _width(node, target)
    w = _weights(node)
    steps = -(-w.shape[1] // 4)
    full = np.zeros((groups * j * target.lanes, steps * 4), np.int8)
    full[: w.shape[0], : w.shape[1]] = w
    parts = full.reshape(groups, j, target.lanes, steps, 4).transpose(0, 3, 1, 2, 4)
    return np.ascontiguousarray(order_weights(parts, target))


def _starts(node: Node, target: Target) -> np.ndarray:
    """What sums start with: the bias less the weights times what the inputs have too much."""
    j, groups = _width(node, target)
    extra = node.inputs[0].type.dtype.zero_point + input_offset(target)
    start = -extra * _weights(node).sum(axis=1, dtype=np.int64)
    bias = _bias(node)
    if bias is not None and bias.const is not None:
        start = start + (bias.const.reshape(-1).astype(np.int64) - bias.type.dtype.zero_point)
    result = np.zeros(groups * j * target.lanes, np.int32)
    result[: start.size] = start
    return result


def _kernel(node: Node, target: Target) -> Kernel:
    j, _ = _width(node, target)
    act, rescale, whole = structure(node), kind_of(node), _is_whole(node)
    end = "_s32" if whole else f"_rescale{rescale}" if rescale else suffix(act)
    result = "int32_t" if whole else "int8_t"
    return Kernel(
        f"qmatmul_s8{'dot' if has_dot(target) else ''}_rows_p1x{j}{end}",
        "qmatmul/rows.c.j2",
        (
            *_OPERANDS,
            *(() if whole else _NUMBERS),
            *(_FACTORS if rescale else ()),
            ("y", f"{result} *"),
        ),
        (("m", "int32_t"), ("k", "int32_t"), ("n", "int32_t")),
        (
            ("act", act), ("j", j), ("lanes", target.lanes), ("rescale", rescale), ("whole", whole),
            ("yt", result),
        ),
        (products(target), "rescale" if rescale else "requant"),
    )  # fmt: skip


def _build(target: Target, node: Node) -> list[Call]:
    x, (m, n) = node.inputs[0], node.output.shape
    j, groups = _width(node, target)
    width = groups * j * target.lanes
    ends = [Const(partial(numbers, node, direct=structure(node) == "identity"))]
    constants = (
        Const(partial(_pack, node, target)),
        Const(partial(_starts, node, target)),
        *([] if _is_whole(node) else ends),
        *factor_constants(node, n, width, target.lanes),
    )
    return [Call(_kernel(node, target), (x, *constants, node.output), (m, x.shape[1], n))]


def candidates(node: Node, target: Target) -> Iterator[Candidate]:
    """Constant weights of signed bytes; the bias, if any, in the unit of the sums."""
    if not _is_served(node):
        return
    m, k = node.inputs[0].shape
    j, groups = _width(node, target)
    step = j * (2.0 if has_dot(target) else 7.0) + 1
    cost = m * groups * (-(-k // 4) * step + 12 * j + 20)
    why = f"{j * target.lanes} sums at a time, four factors a step"
    yield Candidate(partial(_build, target), cost, (1,) * len(node.inputs), (1,), 500 + 60 * j, why=why)
