"""Recurrent layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mgecc.ops.activation import Activation
from mgecc.ops.recurrent import GRUAttrs, LSTMAttrs, RNNAttrs

from ..recurrence import Layer, layer_of, step_by_step
from . import OnnxNode, Tensor, TensorBuilder, rule

_ENDINGS: dict[str, Activation] = {"Tanh": ("tanh",), "Relu": ("relu",), "Sigmoid": ("sigmoid",)}
_Make = Callable[[Layer, TensorBuilder], list[Tensor]]


@rule("LSTM", "LSTM")
def lstm(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    layer = layer_of(node, t, 2)
    fits = layer.is_plain and layer.has_default_activations
    return _results(layer, t, _lstm if fits else step_by_step)


@rule("GRU", "GRU")
def gru(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    layer = layer_of(node, t, 1)
    fits = layer.is_plain and layer.has_default_activations
    return _results(layer, t, _gru if fits else step_by_step)


@rule("RNN", "RNN")
def rnn(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    layer = layer_of(node, t, 1)
    fits = layer.is_plain and len(set(layer.activations)) == 1 and layer.activations[0].name in _ENDINGS
    return _results(layer, t, _rnn if fits else step_by_step)


def _lstm(layer: Layer, t: TensorBuilder) -> list[Tensor]:
    """Our gates are in the order input, forget, cell, output."""
    attrs = LSTMAttrs(layer.hidden, bidirectional=len(layer.backwards) > 1, bias=layer.bias is not None)
    return t.add("LSTM", attrs, *_operands(layer, t, (0, 2, 3, 1)), dtype=layer.x.dtype)[:3]


def _gru(layer: Layer, t: TensorBuilder) -> list[Tensor]:
    attrs = GRUAttrs(
        layer.hidden,
        bidirectional=len(layer.backwards) > 1,
        bias=layer.bias is not None,
        reset_after=bool(layer.node.get("linear_before_reset", 0)),
    )
    return t.add("GRU", attrs, *_operands(layer, t, (0, 1, 2)), dtype=layer.x.dtype)


def _rnn(layer: Layer, t: TensorBuilder) -> list[Tensor]:
    attrs = RNNAttrs(
        layer.hidden,
        bidirectional=len(layer.backwards) > 1,
        bias=layer.bias is not None,
        activation=_ENDINGS[layer.activations[0].name],
    )
    return t.add("RNN", attrs, *_operands(layer, t, (0,)), dtype=layer.x.dtype)[:2]


def _operands(layer: Layer, t: TensorBuilder, order: Sequence[int]) -> list[Tensor]:
    """Data, states, and all weights as one constant, gates in ``order``."""
    parts = []
    for d in range(len(layer.backwards)):
        weights = [layer.w.known[d], layer.r.known[d]]
        if layer.bias is not None:
            weights += np.split(layer.bias.known[d], 2)
        parts += [_ordered(w, layer.gates, order) for w in weights]
    flat = t.constant(np.concatenate(parts), layer.w.dtype, layer.w.value.name)
    return [layer.x, *layer.states, flat]


def _ordered(weights: np.ndarray, gates: int, order: Sequence[int]) -> np.ndarray:
    return weights.reshape(gates, -1)[list(order)].reshape(-1)


def _results(layer: Layer, t: TensorBuilder, make: _Make) -> list[Tensor]:
    """In the file's order of axes. A layer in reverse reads and gives its steps from the last to the first."""
    reverse = layer.backwards == (True,) and make is not step_by_step
    y, *states = make(layer.turned(t) if reverse else layer, t)
    y = t.flip(y, [0]) if reverse else y
    steps, n, _ = y.shape
    y = t.reshape(y, (steps, n, len(layer.backwards), layer.hidden))
    if layer.node.get("layout", 0):
        return [t.transpose(y, [1, 0, 2, 3]), *(t.transpose(s, [1, 0, 2]) for s in states)]
    return [t.transpose(y, [0, 2, 1, 3]), *states]
