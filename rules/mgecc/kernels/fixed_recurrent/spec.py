"""Candidates for recurrent layers in fixed point."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, serves
from mgecc.kernels.plain import plain_candidate, require_const
from mgecc.kernels.rescale import limits
from mgecc.ops.fixed_gates import SIGMOID
from mgecc.ops.fixed_lstm import FixedLSTMAttrs
from mgecc.ops.fixed_svdf import FixedSVDFAttrs
from mgecc.ops.rescale import fixed_point
from mgecc.targets import Target

_BYTES, _SHORTS, _WORDS = "const int8_t *", "const int16_t *", "const int32_t *"


def _by_units(rows: np.ndarray) -> np.ndarray:
    """(4 * hidden, ...) as [unit][gate]."""
    return np.ascontiguousarray(rows.reshape(4, -1, *rows.shape[1:]).swapaxes(0, 1))


def _weights(node: Node, position: int) -> np.ndarray:
    return _by_units(require_const(node.inputs[position], "weights"))


def _biases(node: Node) -> np.ndarray:
    """What the sums over data and state begin with, by unit and gate: zero points fold into them."""
    x, h, _, w, r, b = node.inputs
    over_x, over_h = (
        -v.type.dtype.zero_point * require_const(m, "weights").astype(np.int64).sum(axis=1)
        for v, m in ((x, w), (h, r))
    )
    return _by_units(np.stack([over_x + require_const(b, "biases"), over_h], axis=-1)).astype(np.int32)


def _factors(node: Node) -> np.ndarray:
    return np.stack(node.attributes(FixedLSTMAttrs).factors, axis=-1).astype(np.int32)


def _build_lstm(node: Node) -> list[Call]:
    x, h, c, *_ = node.inputs
    attrs, (t, n, inner) = node.attributes(FixedLSTMAttrs), x.shape
    kernel = Kernel(
        "fixed_lstm_s8",
        "fixed_recurrent/lstm.c.j2",
        (
            *(("x", _BYTES), ("h0", _BYTES), ("c0", _SHORTS), ("w", _BYTES), ("r", _BYTES), ("b", _WORDS)),
            *(("f", _WORDS), ("table", "const uint16_t *")),
            *(("y", "int8_t *"), ("h", "int8_t *"), ("c", "int16_t *")),
        ),
        tuple((name, "int32_t") for name in ("t", "n", "in", "hidden", "bits", "least", "clip", "zero")),
        needs=("rescale_one", "fixed_gates"),
    )
    constants = (
        *(
            Const(partial(_weights, node, 3)),
            Const(partial(_weights, node, 4)),
            Const(partial(_biases, node)),
        ),
        *(Const(partial(_factors, node)), Const(lambda: SIGMOID)),
    )
    ends = (-attrs.clip, attrs.clip) if attrs.clip else (-(1 << 15), (1 << 15) - 1)
    sizes = (t, n, inner, h.shape[1], attrs.cell_bits, *ends, h.type.dtype.zero_point)
    return [Call(kernel, (x, h, c, *constants, *node.outputs), sizes)]


@serves("FixedLSTM")
def lstm(node: Node, target: Target) -> Iterator[Candidate]:
    """Signed bytes, all steps in one call."""
    for value in node.inputs[3:]:
        require_const(value, "weights")
    t, n, inner = node.inputs[0].shape
    hidden = node.inputs[1].shape[1]
    cost = 200 + t * n * hidden * (300.0 + 12 * (inner + hidden))
    yield plain_candidate(node, _build_lstm, cost, "one call for all steps")


def _svdf_factors(node: Node) -> np.ndarray:
    attrs = node.attributes(FixedSVDFAttrs)
    return np.stack(fixed_point((attrs.feature, *attrs.rescale.factors)), axis=-1).astype(np.int32)


def _feature_biases(node: Node) -> np.ndarray:
    """The zero point of the data folds into them."""
    weights = require_const(node.inputs[2], "weights").astype(np.int64)
    return np.asarray(-node.inputs[0].type.dtype.zero_point * weights.sum(axis=1), np.int32)


def _limits(node: Node) -> np.ndarray:
    attrs = node.attributes(FixedSVDFAttrs)
    return limits(attrs.rescale, attrs.dtype)


def _build_svdf(node: Node) -> list[Call]:
    x, kept, feature, time, bias = node.inputs
    attrs, ctype = node.attributes(FixedSVDFAttrs), f"{kept.type.dtype.numpy.name}_t"
    low, _ = kept.type.dtype.range
    kernel = Kernel(
        f"fixed_svdf_s8_{'s8' if ctype == 'int8_t' else 's16'}",
        "fixed_recurrent/svdf.c.j2",
        (
            *(("x", _BYTES), ("kept0", f"const {ctype} *"), ("w", _BYTES), ("time", f"const {ctype} *")),
            *(("b", _WORDS), ("fb", _WORDS), ("f", _WORDS), ("q", "const float *")),
            *(("kept", f"{ctype} *"), ("y", "int8_t *")),
        ),
        tuple((name, "int32_t") for name in ("n", "in", "units", "rank", "memory", "zero")),
        (("kept", ctype), ("low", low)),
        ("rescale_one",),
    )
    constants = (
        *(Const(partial(_feature_biases, node)), Const(partial(_svdf_factors, node))),
        Const(partial(_limits, node)),
    )
    units, memory = node.outputs[1].shape[1], time.shape[1]
    sizes = (*x.shape, units, attrs.rank, memory, kept.type.dtype.zero_point)
    return [Call(kernel, (x, kept, feature, time, bias, *constants, *node.outputs), sizes)]


@serves("FixedSVDF")
def svdf(node: Node, target: Target) -> Iterator[Candidate]:
    """Signed bytes; what is kept moves by one place, where it lies or to another."""
    for value in node.inputs[2:]:
        require_const(value, "weights")
    (n, inner), (filters, memory) = node.inputs[0].shape, node.inputs[3].shape
    cost = 100 + n * filters * (20 + 5.0 * inner + 9.0 * memory)
    yield plain_candidate(node, _build_svdf, cost, "one call for all filters", inplace=(1,))
