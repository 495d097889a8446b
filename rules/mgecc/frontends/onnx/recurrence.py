"""Recurrent layers of ONNX: what their nodes state, and their steps one by one where no kernel has their form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from mgecc.frontends.tensors import Tensor, TensorBuilder
from mgecc.graph import Unsupported
from mgecc.graph.types import INT32

from .node import OnnxNode

States = tuple[Tensor, ...]
MOST_STEPS = 64
"""Steps of all directions up to which a layer without a kernel is taken apart."""
_DEFAULTS = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}


@dataclass(frozen=True)
class Named:
    """An activation by name, with the numbers that are stated for it."""

    name: str
    alpha: float | None = None
    beta: float | None = None


@dataclass(frozen=True)
class Layer:
    """A layer in all of its directions, along the first axis.

    ``x``: (t, n, in). ``w``, ``r``, ``bias``: (directions, gates * hidden, in), (.., hidden), (directions,
    2 * gates * hidden). ``states``: (directions, n, hidden). ``lengths``: steps of every batch item, if not all.
    ``backwards``: of every direction. ``activations``: of one direction after the other.
    """

    node: OnnxNode
    x: Tensor
    w: Tensor
    r: Tensor
    bias: Tensor | None
    states: States
    lengths: Tensor | None
    backwards: tuple[bool, ...]
    activations: tuple[Named, ...]

    @property
    def op(self) -> str:
        return self.node.op

    @property
    def gates(self) -> int:
        return _GATES[self.op]

    @property
    def hidden(self) -> int:
        return self.r.shape[-1]

    @property
    def is_plain(self) -> bool:
        """Whether it is what the operator does unless it is told otherwise, by constant weights."""
        weights = (self.w, self.r, *([] if self.bias is None else [self.bias]))
        odd = (
            self.lengths
            or self.node.optional(7)
            or self.node.get("clip", 0.0)
            or self.node.get("input_forget", 0)
        )
        return not odd and all(w.array is not None for w in weights)

    @property
    def has_default_activations(self) -> bool:
        return [a.name for a in self.activations] == [*_DEFAULTS[self.op]] * len(self.backwards)

    def turned(self, t: TensorBuilder) -> Layer:
        """With the steps in the opposite order."""
        return replace(self, x=t.flip(self.x, [0]))


def layer_of(node: OnnxNode, t: TensorBuilder, count: int) -> Layer:
    """What a node with ``count`` states says; Unsupported if its operands do not fit together."""
    x, w, r, bias, lengths = (
        node.operand(0),
        node.operand(1),
        node.operand(2),
        node.optional(3),
        node.optional(4),
    )
    backwards = _DIRECTIONS.get(node.get("direction", "forward"))
    rows = _GATES[node.op] * r.shape[-1]
    if backwards is None or x.rank != 3 or r.rank != 3 or w.shape != (len(backwards), rows, x.shape[2]):
        raise Unsupported(
            f"weights of shapes {list(w.shape)} and {list(r.shape)} do not fit data of {list(x.shape)}"
        )
    states = [node.optional(k) for k in range(5, 5 + count)]
    if node.get("layout", 0):
        x = t.transpose(x, [1, 0, 2])
        states = [s if s is None else t.transpose(s, [1, 0, 2]) for s in states]
    steps, n, _ = x.shape
    zeros = np.zeros((len(backwards), n, r.shape[-1]), x.dtype.numpy)
    begin = tuple(t.constant(zeros, x.dtype) if s is None else s for s in states)
    if lengths is not None and lengths.array is not None and all(k == steps for k in lengths.integers):
        lengths = None
    return Layer(node, x, w, r, bias, begin, lengths, backwards, tuple(_activations(node, len(backwards))))


def _activations(node: OnnxNode, directions: int) -> Iterator[Named]:
    """Numbers are stated in the order of the activations that have some."""
    names = node.get("activations", [*_DEFAULTS[node.op]] * directions)
    alphas, betas = iter(node.get("activation_alpha", [])), iter(node.get("activation_beta", []))
    for name in names:
        if name.lower() not in _FUNCTIONS:
            raise Unsupported(f"the activation {name} is not known")
        known = _FUNCTIONS[name.lower()]
        yield Named(
            known.name,
            next(alphas, known.alpha) if known.alpha is not None else None,
            next(betas, known.beta) if known.beta is not None else None,
        )


@dataclass(frozen=True)
class _Function:
    """``alpha``, ``beta``: what stands for numbers that are not stated; None of activations without them."""

    name: str
    apply: Callable[[TensorBuilder, Tensor, float, float], Tensor]
    alpha: float | None = None
    beta: float | None = None


def _affine(t: TensorBuilder, x: Tensor, alpha: float, beta: float) -> Tensor:
    return t.elemwise("add", t.elemwise("mul", x, t.like(x, alpha)), t.like(x, beta))


def _thresholded(t: TensorBuilder, x: Tensor, alpha: float, beta: float) -> Tensor:
    return t.where(t.compare("leq", t.like(x, alpha), x), x, t.like(x, 0))


def _scaled_tanh(t: TensorBuilder, x: Tensor, alpha: float, beta: float) -> Tensor:
    return t.elemwise("mul", t.elemwise("tanh", t.elemwise("mul", x, t.like(x, beta))), t.like(x, alpha))


def _hard_sigmoid(t: TensorBuilder, x: Tensor, alpha: float, beta: float) -> Tensor:
    return _between(t, _affine(t, x, alpha, beta), 0, 1)


def _elu(t: TensorBuilder, x: Tensor, alpha: float, beta: float) -> Tensor:
    below = t.elemwise("expm1", t.elemwise("min", x, t.like(x, 0)))
    return t.elemwise("add", t.elemwise("relu", x), t.elemwise("mul", below, t.like(x, alpha)))


def _softsign(t: TensorBuilder, x: Tensor, alpha: float, beta: float) -> Tensor:
    return t.elemwise("true_div", x, t.elemwise("add", t.elemwise("abs", x), t.like(x, 1)))


def _between(t: TensorBuilder, x: Tensor, low: float, high: float) -> Tensor:
    return t.elemwise("min", t.elemwise("max", x, t.like(x, low)), t.like(x, high))


def _mode(name: str) -> Callable[[TensorBuilder, Tensor, float, float], Tensor]:
    return lambda t, x, alpha, beta: t.elemwise(name, x)


_FUNCTIONS = {
    function.name.lower(): function
    for function in (
        _Function("Relu", _mode("relu")),
        _Function("Tanh", _mode("tanh")),
        _Function("Sigmoid", _mode("sigmoid")),
        _Function("Softplus", _mode("softplus")),
        _Function("Softsign", _softsign),
        _Function("Affine", _affine, 1.0, 0.0),
        _Function("LeakyRelu", lambda t, x, alpha, _: t.elemwise("prelu", x, t.like(x, alpha)), 0.01),
        _Function("ThresholdedRelu", _thresholded, 1.0),
        _Function("ScaledTanh", _scaled_tanh, 1.0, 1.0),
        _Function("HardSigmoid", _hard_sigmoid, 0.2, 0.5),
        _Function("Elu", _elu, 1.0),
    )
}


@dataclass(frozen=True)
class _Cell:
    """One direction: weights (rows, hidden) of what was, the biases (2, rows), ``peepholes`` (3, hidden)."""

    t: TensorBuilder
    layer: Layer
    r: Tensor
    bias: Tensor
    peepholes: Tensor | None
    functions: tuple[Named, ...]

    def act(self, position: int, x: Tensor) -> Tensor:
        """Activation f, g or h of what is clipped."""
        named, clip = self.functions[position], self.layer.node.get("clip", 0.0)
        x = _between(self.t, x, -clip, clip) if clip else x
        return _FUNCTIONS[named.name.lower()].apply(self.t, x, named.alpha or 0.0, named.beta or 0.0)

    def kept(self, h: Tensor, first: int, end: int) -> Tensor:
        """The share of what was in gates ``first`` to before ``end``."""
        hidden = self.layer.hidden
        rows = (first * hidden, end * hidden, 1)
        product = self.t.matmul(h, self.t.slice(self.r, {0: rows}), transpose_b=True)
        return self.t.elemwise("add", product, self.t.slice(self.bias, {0: (1, 2, 1), 1: rows}))

    def part(self, total: Tensor, first: int, end: int) -> Tensor:
        """Gates ``first`` to before ``end`` of all."""
        hidden = self.layer.hidden
        return self.t.slice(total, {1: (first * hidden, end * hidden, 1)})

    def seen(self, gate: Tensor, position: int, c: Tensor) -> Tensor:
        """A gate that sees the cell through its peephole."""
        if self.peepholes is None:
            return gate
        weights = self.t.slice(self.peepholes, {0: (position, position + 1, 1)})
        return self.t.elemwise("add", gate, self.t.elemwise("mul", weights, c))


def _rnn(cell: _Cell, given: Tensor, states: States) -> States:
    return (cell.act(0, cell.t.elemwise("add", given, cell.kept(states[0], 0, 1))),)


def _gru(cell: _Cell, given: Tensor, states: States) -> States:
    t, (h,) = cell.t, states
    gates = cell.act(0, t.elemwise("add", cell.part(given, 0, 2), cell.kept(h, 0, 2)))
    z, r = (cell.part(gates, k, k + 1) for k in range(2))
    if cell.layer.node.get("linear_before_reset", 0):
        share = t.elemwise("mul", r, cell.kept(h, 2, 3))
    else:
        share = cell.kept(t.elemwise("mul", r, h), 2, 3)
    new = cell.act(1, t.elemwise("add", cell.part(given, 2, 3), share))
    # h' = n + z (h - n)
    return (t.elemwise("add", new, t.elemwise("mul", z, t.elemwise("sub", h, new))),)


def _lstm(cell: _Cell, given: Tensor, states: States) -> States:
    t, (h, c) = cell.t, states
    total = t.elemwise("add", given, cell.kept(h, 0, 4))
    i, o, f, g = (cell.part(total, k, k + 1) for k in range(4))
    i = cell.act(0, cell.seen(i, 0, c))
    if cell.layer.node.get("input_forget", 0):
        f = t.elemwise("sub", t.like(i, 1), i)
    else:
        f = cell.act(0, cell.seen(f, 2, c))
    new = t.elemwise("add", t.elemwise("mul", f, c), t.elemwise("mul", i, cell.act(1, g)))
    o = cell.act(0, cell.seen(o, 1, new))
    return t.elemwise("mul", o, cell.act(2, new)), new


_STEPS = {"RNN": _rnn, "GRU": _gru, "LSTM": _lstm}


def step_by_step(layer: Layer, t: TensorBuilder) -> list[Tensor]:
    """Results (t, n, directions * hidden), and the last states (directions, n, hidden)."""
    if layer.x.shape[0] * len(layer.backwards) > MOST_STEPS:
        why = f"this form of {layer.op} is served up to {MOST_STEPS} steps, and it has {layer.x.shape[0]}"
        raise Unsupported(
            why, "leave out peepholes, clip, sequence_lens and other activations, or take fewer steps"
        )
    runs = [_run(layer, t, d) for d in range(len(layer.backwards))]
    y = t.concat([y for y, _ in runs], 2)
    return [y, *(t.concat([t.unsqueeze(s, [0]) for s in last], 0) for last in zip(*(s for _, s in runs)))]


def _run(layer: Layer, t: TensorBuilder, direction: int) -> tuple[Tensor, States]:
    """One direction: results (t, n, hidden) and the last states (n, hidden)."""
    steps, n, size = layer.x.shape
    cell = _cell(layer, t, direction)
    rows = t.matmul(t.reshape(layer.x, (steps * n, size)), _one(t, layer.w, direction), transpose_b=True)
    rows = t.elemwise("add", rows, t.slice(cell.bias, {0: (0, 1, 1)}))
    given = t.reshape(rows, (steps, n, rows.shape[1]))
    states = tuple(_one(t, s, direction) for s in layer.states)
    order = range(steps)[:: -1 if layer.backwards[direction] else 1]
    results: dict[int, Tensor] = {}
    for k in order:
        now = t.squeeze(t.slice(given, {0: (k, k + 1, 1)}), [0])
        states, results[k] = _masked(layer, t, k, _STEPS[layer.op](cell, now, states), states)
    return t.concat([t.unsqueeze(results[k], [0]) for k in range(steps)], 0), states


def _masked(layer: Layer, t: TensorBuilder, k: int, new: States, old: States) -> tuple[States, Tensor]:
    """States and result of step ``k``: of items that are over, the old ones and zeros."""
    if layer.lengths is None:
        return new, new[0]
    lengths = t.unsqueeze(t.cast(layer.lengths, INT32), [1])
    goes_on = t.compare("lt", t.constant(np.array(k, np.int32)), lengths)
    states = tuple(t.where(goes_on, a, b) for a, b in zip(new, old))
    return states, t.where(goes_on, new[0], t.like(new[0], 0))


def _cell(layer: Layer, t: TensorBuilder, direction: int) -> _Cell:
    rows, peepholes = layer.gates * layer.hidden, layer.node.optional(7)
    bias = layer.bias or t.constant(
        np.zeros((len(layer.backwards), 2 * rows), layer.x.dtype.numpy), layer.x.dtype
    )
    each = len(layer.activations) // len(layer.backwards)
    return _Cell(
        t,
        layer,
        _one(t, layer.r, direction),
        t.reshape(_one(t, bias, direction), (2, rows)),
        None if peepholes is None else t.reshape(_one(t, peepholes, direction), (3, layer.hidden)),
        layer.activations[direction * each : (direction + 1) * each],
    )


def _one(t: TensorBuilder, x: Tensor, direction: int) -> Tensor:
    """Of one direction."""
    return t.squeeze(t.slice(x, {0: (direction, direction + 1, 1)}), [0])
