"""LSTM, GRU and plain recurrent layers, and cells, in float32."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import lower_bound
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Workspace, serves
from mgecc.kernels.elemwise.expression import number
from mgecc.kernels.fused import Activation, activation_of
from mgecc.kernels.plain import padded, plain_candidate, require_const, require_float32
from mgecc.kernels.weights import WeightType, weight_type
from mgecc.ops.recurrent import GRUAttrs, LayerAttrs, LSTMAttrs, unpack_weights
from mgecc.targets import Target

_IN, _OUT = "const float *", "float *"
_GATES = {"LSTM": 4, "LSTMCell": 4, "RNN": 1, "RNNCell": 1}
_LAYER_FIELDS = ("t", "n", "in", "hidden", "layers", "dirs")


def _tiled(w: np.ndarray, gates: int, lanes: int) -> np.ndarray:
    """Weights (gates * hidden, inputs) as [tile][inputs][4 vectors]; padding units have zeros."""
    width = 4 // gates * lanes
    split = padded(w.reshape(gates, -1, w.shape[1]).transpose(0, 2, 1), width)
    tiles = split.reshape(gates, w.shape[1], -1, width).transpose(2, 1, 0, 3)
    return np.asarray(tiles.reshape(-1).astype(np.float32))


def _packed(parts: list[np.ndarray], gates: int, lanes: int) -> np.ndarray:
    """Bias, w_ih and w_hh of one layer and direction, as the kernels read them."""
    w_ih, w_hh, *biases = parts
    bias = sum((b.reshape(-1, 1) for b in biases), np.zeros((len(w_ih), 1), np.float32))
    return np.concatenate([_tiled(w, gates, lanes) for w in (bias, w_ih, w_hh)])


def _stored(node: Node) -> WeightType:
    return weight_type(node, 1 if node.op.endswith("Cell") else -1)


def _pack_layers(node: Node, gates: int, lanes: int) -> np.ndarray:
    flat = require_const(node.inputs[-1], "weights").astype(np.float32).reshape(-1)
    layers = unpack_weights(node.attributes(LayerAttrs), gates, node.inputs[0].shape[-1], flat)
    return _stored(node).stored(np.concatenate([_packed(parts, gates, lanes) for parts in layers]))


def _pack_cell(node: Node, gates: int, lanes: int) -> np.ndarray:
    w_ih, b_ih, w_hh, b_hh = (require_const(node.inputs[i], "weights") for i in (1, 2, 4, 5))
    return _stored(node).stored(_packed([w_ih, w_hh, b_ih, b_hh], gates, lanes))


def _ending(node: Node) -> Activation:
    return Activation("identity") if _GATES[node.op] == 4 else activation_of(node)


def _rows_at_once(target: Target, rows: int) -> int:
    return min(4 if target.registers >= 32 else 2, lower_bound(rows))


def _clip(node: Node) -> float:
    return node.attributes(LSTMAttrs).cell_clip if node.op == "LSTM" else 0.0


def _symbol(node: Node, form: str, rows: int) -> str:
    kind = "lstm" if _GATES[node.op] == 4 else "rnn"
    if _clip(node):
        form += f"_clip{_clip(node):.9g}".replace(".", "p").replace("-", "m").replace("+", "")
    return f"recurrent_f32_{kind}_{form}_p{rows}{_stored(node).suffix}{_ending(node).suffix}"


def _build_layers(target: Target, node: Node) -> list[Call]:
    gates, lanes, attrs = _GATES[node.op], target.lanes, node.attributes(LayerAttrs)
    (t, n, inner), hidden = node.inputs[0].shape, attrs.hidden_size
    layers, directions = attrs.layers, attrs.directions
    states = ("h", "c") if gates == 4 else ("h",)
    pt, pn = _rows_at_once(target, t * n), _rows_at_once(target, n)
    names = [("x", _IN), *((f"{s}0", _IN) for s in states), ("w", _stored(node).ctype)]
    names += [("y", _OUT), *((s, _OUT) for s in states), ("work", _OUT)]
    kernel = Kernel(
        _symbol(node, f"layers_t{pt}", pn),
        "recurrent/layers.c.j2",
        tuple(names),
        tuple((name, "int32_t") for name in _LAYER_FIELDS),
        (
            ("activation", _ending(node).kind),
            ("clip", number(_clip(node)) if _clip(node) else ""),
            ("gates", gates),
            ("pn", pn),
            ("pt", pt),
            ("wtype", _stored(node).name),
        ),
        ("math", *_stored(node).needs),
    )
    tile = 4 // gates * lanes
    work = t * n * (-(-hidden // tile) * 4 * lanes + (directions * hidden if layers > 1 else 0))
    weights = Const(partial(_pack_layers, node, gates, lanes), 64)
    results = node.outputs[: 1 + len(states)]
    operands: tuple[Operand, ...] = (*node.inputs[:-1], weights, *results, Workspace(4 * work))
    return [Call(kernel, operands, (t, n, inner, hidden, layers, directions))]


def _packed_gru(parts: list[np.ndarray], lanes: int, reset_after: bool) -> np.ndarray:
    """Of one layer and direction: update and reset gates in tiles of their own, what the state adds to the new one."""
    w_ih, w_hh, *biases = parts
    given, kept = (b.reshape(-1, 1) for b in biases or [np.zeros(len(w_ih), np.float32)] * 2)
    gates, new = slice(0, len(w_ih) * 2 // 3), slice(len(w_ih) * 2 // 3, None)
    alone, first = ([kept[new]], given[new]) if reset_after else ([], given[new] + kept[new])
    pairs = [_tiled(w, 2, lanes) for w in (given[gates] + kept[gates], w_ih[gates], w_hh[gates])]
    fours = [_tiled(w, 1, lanes) for w in (first, w_ih[new], *alone, w_hh[new])]
    return np.concatenate([*pairs[:2], *fours[:2], pairs[2], *fours[2:]])


def _pack_gru(node: Node, lanes: int) -> np.ndarray:
    flat = require_const(node.inputs[-1], "weights").astype(np.float32).reshape(-1)
    attrs = node.attributes(GRUAttrs)
    layers = unpack_weights(attrs, 3, node.inputs[0].shape[-1], flat)
    packed = [_packed_gru(parts, lanes, attrs.reset_after) for parts in layers]
    return _stored(node).stored(np.concatenate(packed))


def _build_gru(target: Target, node: Node) -> list[Call]:
    lanes, attrs, stored = target.lanes, node.attributes(GRUAttrs), _stored(node)
    (t, n, inner), hidden = node.inputs[0].shape, attrs.hidden_size
    pt, pn = _rows_at_once(target, t * n), _rows_at_once(target, n)
    form = "after" if attrs.reset_after else "before"
    kernel = Kernel(
        f"recurrent_f32_gru_{form}_layers_t{pt}_p{pn}{stored.suffix}",
        "recurrent/gru.c.j2",
        (("x", _IN), ("h0", _IN), ("w", stored.ctype), ("y", _OUT), ("h", _OUT), ("work", _OUT)),
        tuple((name, "int32_t") for name in _LAYER_FIELDS),
        (("after", attrs.reset_after), ("pn", pn), ("pt", pt), ("wtype", stored.name)),
        ("math", *stored.needs),
    )
    tiles = -(-hidden // (2 * lanes)) + -(-hidden // (4 * lanes))
    between = t * n * attrs.directions * hidden if attrs.layers > 1 else 0
    work = t * n * tiles * 4 * lanes + 2 * n * hidden + between
    weights = Const(partial(_pack_gru, node, lanes), 64)
    operands: tuple[Operand, ...] = (*node.inputs[:-1], weights, *node.outputs, Workspace(4 * work))
    return [Call(kernel, operands, (t, n, inner, hidden, attrs.layers, attrs.directions))]


def _build_cell(target: Target, node: Node) -> list[Call]:
    gates = _GATES[node.op]
    (n, inner), hidden = node.inputs[0].shape, node.inputs[3].shape[-1]
    rows = _rows_at_once(target, n)
    more = [("c", _IN)] if gates == 4 else []
    results = ("hout", "cout", "total") if gates == 4 else ("hout",)
    kernel = Kernel(
        _symbol(node, "cell", rows),
        "recurrent/cell.c.j2",
        (("x", _IN), ("w", _stored(node).ctype), ("h", _IN), *more, *((name, _OUT) for name in results)),
        tuple((name, "int32_t") for name in ("n", "in", "hidden")),
        (("activation", _ending(node).kind), ("gates", gates), ("pn", rows), ("wtype", _stored(node).name)),
        ("math", *_stored(node).needs),
    )
    weights = Const(partial(_pack_cell, node, gates, target.lanes), 64)
    operands: tuple[Operand, ...] = (
        node.inputs[0],
        weights,
        node.inputs[3],
        *node.inputs[6:7],
        *node.outputs,
    )
    return [Call(kernel, operands, (n, inner, hidden))]


def _cost(rows: int, weights: int, target: Target) -> float:
    return 200 + rows * weights / target.lanes * 1.5


@serves("LSTM", "RNN")
def layers(node: Node, target: Target) -> Iterator[Candidate]:
    """All layers, directions and steps in one call."""
    require_float32((*node.inputs, *node.outputs))
    require_const(node.inputs[-1], "weights")
    t, n, _ = node.inputs[0].shape
    cost = _cost(t * n, node.inputs[-1].type.elements, target)
    yield plain_candidate(node, partial(_build_layers, target), cost, "one call for all steps")


@serves("GRU")
def gated(node: Node, target: Target) -> Iterator[Candidate]:
    """All layers, directions and steps in one call."""
    require_float32((*node.inputs, *node.outputs))
    require_const(node.inputs[-1], "weights")
    t, n, _ = node.inputs[0].shape
    cost = _cost(t * n, node.inputs[-1].type.elements, target)
    yield plain_candidate(node, partial(_build_gru, target), cost, "one call for all steps")


@serves("LSTMCell", "RNNCell")
def cells(node: Node, target: Target) -> Iterator[Candidate]:
    """One step."""
    require_float32((*node.inputs, *node.outputs))
    parameters = [node.inputs[i] for i in (1, 2, 4, 5)]
    for value in parameters:
        require_const(value, "weights")
    cost = _cost(node.inputs[0].shape[0], sum(v.type.elements for v in parameters), target)
    yield plain_candidate(node, partial(_build_cell, target), cost, "gates in registers")
