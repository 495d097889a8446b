"""Recurrent layers and cells. Layers read x (t, n, in) and keep states (layers * directions, n, hidden)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.graph.attributes import NOT_NEGATIVE, POSITIVE
from mgecc.graph.types import FLOAT32
from mgecc.ops.activation import Activation, apply, check, sigmoid
from mgecc.ops.elementary import tanh
from mgecc.ops.fixed_order import matmul
from mgecc.ops.registry import Operator, operator

States = tuple[np.ndarray, ...]
# Pre-activations (n, gates * hidden) and states (n, hidden) to new states, the first of which is the result.
Step = Callable[[np.ndarray, States], States]
# One direction of one layer: x (t, n, in), weights and states to results (t, n, hidden) and the last states.
Run = Callable[[np.ndarray, list[np.ndarray], States], tuple[np.ndarray, States]]


_TANH: Activation = ("tanh",)


@dataclass(frozen=True)
class LayerAttrs(Attributes):
    """Layers upon each other, each in one direction or in both, whose results stand side by side.

    ``weights_f16``: the weights are halves, and stored as such.
    """

    hidden_size: Annotated[int, POSITIVE]
    layers: Annotated[int, POSITIVE] = 1
    bidirectional: bool = False
    bias: bool = True
    weights_f16: bool = False

    @property
    def directions(self) -> int:
        return 1 + self.bidirectional


@dataclass(frozen=True)
class LSTMAttrs(LayerAttrs):
    """``cell_clip``: the largest cell, 0 if there is none."""

    cell_clip: Annotated[float, NOT_NEGATIVE] = 0.0


@dataclass(frozen=True)
class RNNAttrs(LayerAttrs):
    """``activation``: what makes a state of the sums."""

    activation: Activation = _TANH


@dataclass(frozen=True)
class GRUAttrs(LayerAttrs):
    """``reset_after``: whether the reset gate weighs what the state adds to the candidate, or the state itself."""

    reset_after: bool = False


@dataclass(frozen=True)
class LSTMCellAttrs(Attributes):
    """``weights_f16``: the weights are halves, and stored as such."""

    weights_f16: bool = False


@dataclass(frozen=True)
class RNNCellAttrs(LSTMCellAttrs):
    """``activation``: what makes the state of the sums."""

    activation: Activation = _TANH


def lstm_step(total: np.ndarray, states: States, clip: float = 0.0) -> States:
    """Gates in the order input, forget, cell, output; states h, c."""
    i, f, g, o = np.split(total, 4, axis=-1)
    cell = sigmoid(f) * states[1] + sigmoid(i) * tanh(g)
    if clip:
        cell = np.clip(cell, -np.float32(clip), np.float32(clip))
    return sigmoid(o) * tanh(cell), cell


def rnn_step(activation: Activation) -> Step:
    """Step of a plain recurrent layer."""
    return lambda total, states: (apply(activation, total),)


def gru_step(given: np.ndarray, h: np.ndarray, parts: list[np.ndarray], reset_after: bool) -> np.ndarray:
    """The new state of the inputs' share (n, 3 * hidden) and the old one; gates in the order update, reset, new."""
    hidden, w = h.shape[-1], parts[1]
    bias: Any = parts[3] if len(parts) > 2 else np.zeros((1, len(w)), np.float32)
    gates = given[:, : 2 * hidden] + (matmul(h, w[: 2 * hidden].T) + bias[:, : 2 * hidden])
    update, reset = np.split(sigmoid(gates), 2, axis=-1)
    added = matmul(h if reset_after else reset * h, w[2 * hidden :].T) + bias[:, 2 * hidden :]
    new = tanh(given[:, 2 * hidden :] + (reset * added if reset_after else added))
    return np.asarray(new + update * (h - new))


def _slices(attrs: LayerAttrs, gates: int, size: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Shapes of w_ih, w_hh [, b_ih, b_hh] for every layer and direction, in the order of the flat weights."""
    hidden, directions = attrs.hidden_size, attrs.directions
    rows = gates * hidden
    for layer in range(attrs.layers):
        inner = size if layer == 0 else directions * hidden
        for _ in range(directions):
            biases = ((1, rows), (1, rows)) if attrs.bias else ()
            yield ((rows, inner), (rows, hidden), *biases)


def unpack_weights(attrs: LayerAttrs, gates: int, size: int, flat: np.ndarray) -> list[list[np.ndarray]]:
    """The flat weights as [w_ih (G, in), w_hh (G, hidden), b_ih (1, G), b_hh (1, G)] per layer and direction."""
    found, begin = [], 0
    for shapes in _slices(attrs, gates, size):
        parts = []
        for shape in shapes:
            end = begin + shape[0] * shape[1]
            parts.append(flat[begin:end].reshape(shape))
            begin = end
        found.append(parts)
    return found


def _by_steps(step: Step) -> Run:
    """A layer whose gates are sums of what its inputs and its states add."""

    def run(x: np.ndarray, parts: list[np.ndarray], states: States) -> tuple[np.ndarray, States]:
        w_ih, w_hh, *biases = parts
        bias: Any = sum(biases) if biases else 0
        given = matmul(x, w_ih.T) + bias
        results = []
        for total in given:
            states = step(total + matmul(states[0], w_hh.T), states)
            results.append(states[0])
        return np.stack(results), states

    return run


def _gru(reset_after: bool) -> Run:
    """A layer of gated units."""

    def run(x: np.ndarray, parts: list[np.ndarray], states: States) -> tuple[np.ndarray, States]:
        bias: Any = parts[2] if len(parts) > 2 else 0
        results, h = [], states[0]
        for given in matmul(x, parts[0].T) + bias:
            h = gru_step(given, h, parts, reset_after)
            results.append(h)
        return np.stack(results), (h,)

    return run


def _layers(node: Node, inputs: Sequence[np.ndarray], gates: int, run: Run) -> list[np.ndarray]:
    """Results y and last states of all layers, and the unused reserve where there is one."""
    x, *initial, flat = (a.astype(np.float32) for a in inputs)
    attrs = node.attributes(LayerAttrs)
    weights = unpack_weights(attrs, gates, x.shape[-1], flat.reshape(-1))
    last: list[States] = []
    for first in range(0, len(weights), attrs.directions):
        halves = []
        for k in range(first, first + attrs.directions):
            order = slice(None, None, -1 if k > first else 1)
            y, states = run(x[order], weights[k], tuple(s[k] for s in initial))
            halves.append(y[order])
            last.append(states)
        x = np.concatenate(halves, axis=-1)
    reserves = [np.zeros(v.shape) for v in node.outputs[1 + len(initial) :]]
    return [x, *(np.stack(s) for s in zip(*last)), *reserves]


def _infer_layers(node: Node, gates: int, states: int) -> list[TensorType]:
    attrs, x, weights = node.attributes(LayerAttrs), node.inputs[0].type, node.inputs[-1].type
    if x.rank != 3 or len(node.inputs) != states + 2 or not x.dtype.is_float or not x.elements:
        raise Unsupported(f"a recurrent layer cannot read {x}")
    kept = (attrs.layers * attrs.directions, x.shape[1], attrs.hidden_size)
    # Every layer has weights, which bounds the number of layers before they are counted one by one.
    if kept[0] > weights.elements or any(v.shape != kept for v in node.inputs[1:-1]):
        raise Unsupported(f"states of shape {list(node.inputs[1].shape)} do not fit {list(kept)}")
    needed = sum(a * b for shapes in _slices(attrs, gates, x.shape[2]) for a, b in shapes)
    if weights.elements != needed:
        raise Unsupported(f"weights of {weights.elements} numbers stand where {needed} are needed")
    y = x.with_shape((*x.shape[:2], attrs.directions * attrs.hidden_size))
    return [y, *[x.with_shape(kept)] * states]


def _reserve(types: Sequence[TensorType]) -> TensorType:
    """A float32 vector as long as the bytes of all kept states; nothing reads it."""
    (steps, *_), kept = types[0].shape, types[1].elements
    return TensorType((4 * (len(types) - 1) * steps * kept,), FLOAT32)


@operator("LSTM")
class LSTM(Operator):
    """Inputs x, h, c, flat weights; results y, h, c, reserve."""

    Attributes = LSTMAttrs
    operands = "float float float float"
    limits = "float32 or float16; constant weights"
    weights, reserves = (-1,), (3,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        types = _infer_layers(node, gates=4, states=2)
        return [*types, _reserve(types)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        step = partial(lstm_step, clip=node.attributes(LSTMAttrs).cell_clip)
        return _layers(node, inputs, 4, _by_steps(step))


@operator("RNN")
class RNN(Operator):
    """Inputs x, h, flat weights; results y, h, reserve."""

    Attributes = RNNAttrs
    operands = "float float float"
    limits = "float32 or float16; constant weights"
    weights, reserves = (-1,), (2,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        check(node.attributes(RNNAttrs).activation)
        types = _infer_layers(node, gates=1, states=1)
        return [*types, _reserve(types)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _layers(node, inputs, 1, _by_steps(rnn_step(node.attributes(RNNAttrs).activation)))


@operator("GRU")
class GRU(Operator):
    """Inputs x, h, flat weights; results y, h. Gates in the order update, reset, new."""

    Attributes = GRUAttrs
    operands = "float float float"
    limits = "float32 or float16; constant weights"
    weights = (-1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer_layers(node, gates=3, states=1)

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _layers(node, inputs, 3, _gru(node.attributes(GRUAttrs).reset_after))


def _totals(inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Pre-activations (n, G) of a cell with inputs x, w_ih, b_ih, h, w_hh, b_hh."""
    x, w_ih, b_ih, h, w_hh, b_hh = (a.astype(np.float32) for a in inputs[:6])
    return np.asarray(matmul(x, w_ih.T) + matmul(h, w_hh.T) + (b_ih.reshape(-1) + b_hh.reshape(-1)))


def _infer_cell(node: Node, gates: int) -> list[TensorType]:
    """Types of the new state and of the gates."""
    x, w_ih, b_ih, h, w_hh, b_hh, *_ = (v.type for v in node.inputs)
    if x.rank != 2 or h.rank != 2 or x.shape[0] != h.shape[0]:
        raise Unsupported(f"a cell cannot read {x} with the state {h}")
    rows = gates * h.shape[-1]
    weights = [(rows, x.shape[-1]), (rows, h.shape[-1])]
    if [w_ih.shape, w_hh.shape] != weights or {b_ih.elements, b_hh.elements} != {rows}:
        raise Unsupported(f"the weights of the cell do not fit {rows} rows")
    return [h, h.with_shape((x.shape[0], rows))]


@operator("LSTMCell")
class LSTMCell(Operator):
    """Inputs x, w_ih, b_ih, h, w_hh, b_hh, c; results h, c, pre-activations of the gates."""

    Attributes = LSTMCellAttrs
    operands = "float float float float float float float"
    limits = "float32 or float16; constant weights"
    weights = (1, 2, 4, 5)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        state, gates = _infer_cell(node, 4)
        if node.inputs[6].shape != state.shape:
            raise Unsupported(f"a cell cannot read the states {state} and {node.inputs[6].type}")
        return [state, state, gates]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        total = _totals(inputs)
        return [*lstm_step(total, (inputs[3], inputs[6].astype(np.float32))), total]


@operator("RNNCell")
class RNNCell(Operator):
    """Inputs x, w_ih, b_ih, h, w_hh, b_hh; result h."""

    Attributes = RNNCellAttrs
    operands = "float float float float float float"
    limits = "float32 or float16; constant weights"
    weights = (1, 2, 4, 5)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        check(node.attributes(RNNCellAttrs).activation)
        return _infer_cell(node, 1)[:1]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return list(rnn_step(node.attributes(RNNCellAttrs).activation)(_totals(inputs), ()))
