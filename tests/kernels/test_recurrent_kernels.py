"""Recurrent layers and cells compute what their operators mean."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from cases import Case, over, run_native
from checks import agree, floats, given, make, on_host, seeds
from mgecc.graph import Unsupported
from mgecc.kernels import candidates
from mgecc.targets import Target, load_target


def layer(rng: np.random.Generator, gates: int) -> tuple[dict[str, object], list[np.ndarray]]:
    """Attributes, and x, initial states, flat weights."""
    t, n, size, hidden = (int(v) for v in rng.integers(1, [6, 5, 9, 20]))
    layers, directions, bias = int(rng.integers(1, 4)), int(rng.integers(1, 3)), bool(rng.integers(2))
    attrs: dict[str, object] = {
        "layers": layers, "bidirectional": directions == 2, "bias": bias, "hidden_size": hidden,
    }  # fmt: skip
    if gates == 1:
        attrs["activation"] = (str(rng.choice(["tanh", "relu", "identity"])),)
    widths = [size] + [directions * hidden] * (layers - 1)
    count = directions * gates * hidden * sum(w + hidden + 2 * bias for w in widths)
    state = (layers * directions, n, hidden)
    states = [floats(rng, *state) for _ in range(2 if gates == 4 else 1)]
    return attrs, [floats(rng, t, n, size), *states, floats(rng, count) * np.float32(0.3)]


@on_host
@seeds
@over("op", ["LSTM", "RNN"])
def test_layers(target: Target, seed: int, op: str) -> Iterator[Case]:
    attrs, arrays = layer(np.random.default_rng(seed), 4 if op == "LSTM" else 1)
    *data, weights = arrays
    used = 3 if op == "LSTM" else 2
    pairs = [*(given(a) for a in data), given(weights, const=True)]
    yield agree(op, attrs, pairs, rtol=1e-4, atol=1e-4, outputs=used)


@on_host
@over("clip", [0.25, 1e-3, 7.5])
def test_layers_with_clipped_cells(target: Target, clip: float) -> Iterator[Case]:
    attrs, (*data, weights) = layer(np.random.default_rng(3), 4)
    pairs = [*(given(a) for a in data), given(weights * np.float32(9), const=True)]
    yield agree("LSTM", {**attrs, "cell_clip": clip}, pairs, rtol=1e-4, atol=1e-4, outputs=3)


@on_host
@seeds
@over("reset_after", [False, True])
def test_gated_layers(target: Target, seed: int, reset_after: bool) -> Iterator[Case]:
    attrs, (*data, weights) = layer(np.random.default_rng(seed), 3)
    pairs = [*(given(a) for a in data), given(weights, const=True)]
    yield agree("GRU", {**attrs, "reset_after": reset_after}, pairs, rtol=1e-4, atol=1e-4)


@on_host
@seeds
@over("op", ["LSTMCell", "RNNCell"])
def test_cells(target: Target, seed: int, op: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    gates = 4 if op == "LSTMCell" else 1
    n, size, hidden = (int(v) for v in rng.integers(1, [6, 9, 40]))
    rows = gates * hidden
    arrays = [
        floats(rng, *s) for s in ((n, size), (rows, size), (rows,), (n, hidden), (rows, hidden), (1, rows))
    ]
    pairs = [given(a, const=i in (1, 2, 4, 5)) for i, a in enumerate(arrays)]
    if gates == 4:
        pairs.append(given(floats(rng, n, hidden)))
    attrs: dict[str, object] = {} if gates == 4 else {"activation": (str(rng.choice(["tanh", "relu"])),)}
    yield agree(op, attrs, pairs, rtol=1e-4, atol=1e-4)


def test_large_gates_saturate() -> None:
    rng = np.random.default_rng(0)
    shapes = ((3, 4), (20, 4), (20,), (3, 5), (20, 5), (20,), (3, 5))
    pairs = [given(floats(rng, *s) * np.float32(100), const=i in (1, 2, 4, 5)) for i, s in enumerate(shapes)]
    with np.errstate(over="ignore"):
        run_native([agree("LSTMCell", {}, pairs, rtol=1e-4, atol=1e-2)], load_target("baremetal"))


def test_computed_weights_are_refused() -> None:
    attrs, arrays = layer(np.random.default_rng(0), 4)
    with pytest.raises(Unsupported, match="weights .* are computed"):
        candidates(make("LSTM", attrs, [given(a) for a in arrays]), load_target("x86_64"))
