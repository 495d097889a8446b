"""Recurrent layers of floats. Their states are variable operands."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.graph import Unsupported
from mgecc.ops.recurrent import LSTMAttrs

from ..activations import activated
from ..recurrence import (
    BACKWARDS,
    FORWARDS,
    ONE_WAY,
    SECOND_DATA,
    LstmPlaces,
    as_stated,
    check_plain,
    stacked,
    steps_first,
)
from . import Tensor, TensorBuilder, TfliteNode, rule
from .convolution import dequantised


@rule("LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM")
def lstm(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    y, *states = _direction(node, t, steps_first(node, t), ONE_WAY)
    return [as_stated(node, t, y), *states]


@rule("LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM")
def bidirectional_lstm(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """One result after the other, or side by side."""
    if any(node.optional(k) is not None for k in SECOND_DATA):
        raise Unsupported("an LSTM that reads two kinds of data is not supported")
    x = steps_first(node, t)
    forwards, *before = _direction(node, t, x, FORWARDS)
    backwards, *behind = _direction(node, t, t.flip(x, [0]), BACKWARDS)
    both = [forwards, t.flip(backwards, [0])]
    results = [t.concat(both, 2)] if node.get("merge_outputs") else both
    return [*(as_stated(node, t, y) for y in results), *before, *behind]


def _direction(node: TfliteNode, t: TensorBuilder, x: Tensor, places: LstmPlaces) -> list[Tensor]:
    """Results (t, n, hidden) and states (n, hidden)."""
    check_plain(node, places)
    weights = [
        stacked(t, [dequantised(node, t, k) for k in part]) for part in (places.of_data, places.of_state)
    ]
    bias = stacked(t, [node.operand(k) for k in places.of_bias])
    rows, hidden = weights[1].shape
    if rows != 4 * hidden or weights[0].shape != (rows, x.shape[2]) or bias.shape != (rows,):
        raise Unsupported(f"weights of {rows} rows do not fit {hidden} units and data of {list(x.shape)}")
    zeros = t.broadcast(t.like(bias, 0), bias.shape)
    flat = t.concat([t.reshape(part, (part.elements,)) for part in (*weights, bias, zeros)], 0)
    states = [t.unsqueeze(node.operand(k), [0]) for k in (places.state, places.state + 1)]
    attrs = LSTMAttrs(hidden, cell_clip=node.require("cell_clip"))
    y, *left = t.add("LSTM", attrs, x, *states, flat, dtype=x.dtype)[:3]
    return [y, *(t.squeeze(state, [0]) for state in left)]


@rule("Elemwise", "SVDF")
def svdf(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Each filter keeps its last products with the data; units weigh and add those of ``rank`` filters."""
    x, feature, time = node.operand(0), dequantised(node, t, 1), dequantised(node, t, 2)
    (filters, memory), n, rank = time.shape, x.shape[0], node.require("rank")
    if feature.shape != (filters, x.shape[1]) or not rank or filters % rank:
        raise Unsupported(
            f"weights for {list(feature.shape)} and {list(time.shape)} do not fit {list(x.shape)}"
        )
    old = t.reshape(node.operand(4), (n, filters, memory))
    new = t.unsqueeze(t.matmul(x, feature, transpose_b=True), [2])
    kept = t.concat([t.slice(old, {2: (1, memory, 1)}), new], 2)
    products = t.elemwise("mul", kept, t.reshape(time, (1, filters, memory)))
    units = t.reshape(products, (n, filters // rank, rank * memory))
    y, bias = t.reduce("sum", units, [2], False), node.optional(3)
    if bias is not None:
        y = t.elemwise("add", y, t.reshape(bias, (1, bias.elements)))
    y = activated(t, y, node.require("fused_activation_function"))
    return [y, t.reshape(kept, (n, filters * memory))]
