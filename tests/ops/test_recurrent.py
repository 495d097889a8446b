"""Recurrent layers equal cells applied step by step; attention equals its definition."""

from __future__ import annotations

import numpy as np
import pytest
from handmade_nodes import run
from mgecc.graph import Unsupported

LAYER = {"hidden_size": 3}


def parts(rng, gates, size, bias=True, hidden=3):
    rows = gates * hidden
    shapes = [(rows, size), (rows, hidden)] + [(rows,)] * (2 * bias)
    return [rng.normal(size=s).astype("f4") for s in shapes]


def flat(*layers):
    return np.concatenate([p.reshape(-1) for layer in layers for p in layer])[None]


def lstm_by_cells(x, weights, h, c):
    w_ih, w_hh, b_ih, b_hh = weights
    results = []
    for step in x:
        h, c, _ = run("LSTMCell", {}, step, w_ih, b_ih, h, w_hh, b_hh, c)
        results.append(h)
    return np.stack(results), h, c


def test_the_lstm_cell_has_gates_input_forget_cell_output():
    zeros = [np.zeros(s, "f4") for s in [(1, 1), (4, 1), (1, 1), (4, 1), (4,)]]
    x, w_ih, h, w_hh, b_hh = zeros
    gates = np.array([0.3, -0.2, 0.7, 1.1])
    b_ih, c = gates.astype("f4"), np.array([[0.5]], "f4")
    i, f, o = 1 / (1 + np.exp(-gates[[0, 1, 3]]))
    cell = f * 0.5 + i * np.tanh(0.7)
    got = run("LSTMCell", {}, x, w_ih, b_ih, h, w_hh, b_hh, c)
    np.testing.assert_allclose([got[0][0, 0], got[1][0, 0]], [o * np.tanh(cell), cell], rtol=1e-6)


def test_lstm_layers_equal_cells_step_by_step():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 2, 5)).astype("f4")
    h, c = (rng.normal(size=(2, 2, 3)).astype("f4") for _ in range(2))
    first, second = parts(rng, 4, 5), parts(rng, 4, 3)
    y, last_h, last_c, _ = run("LSTM", {**LAYER, "layers": 2}, x, h, c, flat(first, second))
    middle, h0, c0 = lstm_by_cells(x, first, h[0], c[0])
    top, h1, c1 = lstm_by_cells(middle, second, h[1], c[1])
    np.testing.assert_allclose(y, top, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(last_h, [h0, h1], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(last_c, [c0, c1], rtol=1e-4, atol=1e-6)


def test_the_backward_half_is_the_forward_layer_on_reversed_time():
    rng = np.random.default_rng(1)
    x, h = rng.normal(size=(5, 2, 4)).astype("f4"), rng.normal(size=(2, 2, 3)).astype("f4")
    forward, backward = parts(rng, 1, 4), parts(rng, 1, 4)
    y, last, _ = run("RNN", {**LAYER, "bidirectional": True}, x, h, flat(forward, backward))
    y0, h0, _ = run("RNN", LAYER, x, h[:1], flat(forward))
    y1, h1, _ = run("RNN", LAYER, x[::-1], h[1:], flat(backward))
    np.testing.assert_allclose(y, np.concatenate([y0, y1[::-1]], axis=-1), rtol=1e-6)
    np.testing.assert_allclose(last, np.concatenate([h0, h1]), rtol=1e-6)


@pytest.mark.parametrize("mode", ["identity", "relu", "tanh"])
def test_rnn_without_bias_equals_its_recurrence(mode):
    rng = np.random.default_rng(2)
    x, h = rng.normal(size=(3, 2, 4)).astype("f4"), rng.normal(size=(1, 2, 3)).astype("f4")
    w_ih, w_hh = parts(rng, 1, 4, bias=False)
    act = {"identity": lambda v: v, "relu": lambda v: np.maximum(v, 0), "tanh": np.tanh}[mode]
    state, expected = h[0], []
    for step in x:
        state = act(step @ w_ih.T + state @ w_hh.T)
        expected.append(state)
    y, last, _ = run("RNN", {**LAYER, "bias": False, "activation": (mode,)}, x, h, flat([w_ih, w_hh]))
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(last[0], y[-1])


def test_weights_of_another_size_are_refused():
    x, state = np.zeros((2, 1, 4), "f4"), np.zeros((1, 1, 3), "f4")
    with pytest.raises(Unsupported):
        run("LSTM", LAYER, x, state, state, np.zeros((12, 8), "f4"))


ATTENTION = {"heads": 2, "scale": 0.7, "projections": (4,) * 4, "biases": (True,) * 4}


def attention(q, k, v, weights, biases, mask):
    """One batch item and head after another."""
    q, k, v = (x @ w + b for x, w, b in zip((q, k, v), weights, biases))
    mixed = np.zeros_like(q)
    for n in range(len(q)):
        for columns in (slice(0, 2), slice(2, 4)):
            scores = np.exp(q[n, :, columns] @ k[n, :, columns].T * 0.7 + mask)
            mixed[n, :, columns] = scores / scores.sum(axis=1, keepdims=True) @ v[n, :, columns]
    return mixed @ weights[3] + biases[3]


@pytest.mark.parametrize("masked", [False, True])
def test_attention_equals_its_definition(masked):
    rng = np.random.default_rng(3)
    q, k, v = (rng.normal(size=(2, t, 4)).astype("f4") for t in (3, 5, 5))
    weights, biases = rng.normal(size=(4, 4, 4)).astype("f4"), rng.normal(size=(4, 4)).astype("f4")
    mask = rng.normal(size=(3, 5)).astype("f4")
    packed = np.concatenate([weights.reshape(-1), biases.reshape(-1)])[None]
    got = run("MultiHeadAttn", ATTENTION, q, k, v, packed, *([mask] if masked else []))
    expected = attention(q, k, v, weights, biases, mask if masked else 0)
    np.testing.assert_allclose(got[0], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(got[1].sum(axis=-1), np.ones((4, 3)), rtol=1e-5)
