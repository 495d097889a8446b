"""Recurrent layers of ONNX in all directions, by kernels' meanings and step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import agrees, model, results, survey
from onnx import helper

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
T, N, IN, HIDDEN = 3, 2, 4, 5


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def operands(op: str, directions: int, states: bool) -> dict[str, np.ndarray]:
    """Data, weights and states, by the names of the operator's inputs; '' is absent."""
    rows = GATES[op] * HIDDEN
    found = {"x": random(T, N, IN), "w": random(directions, rows, IN), "r": random(directions, rows, HIDDEN)}
    found["b"] = random(directions, 2 * rows)
    if states:
        names = ["h", "c"] if op == "LSTM" else ["h"]
        found |= {name: random(directions, N, HIDDEN) + k for k, name in enumerate(names)}
    return found


def network(op: str, given: dict[str, np.ndarray], computed: set[str], **attrs: Any) -> bytes:
    """A network of one layer; ``computed``: which operands are inputs of the model."""
    order = ["x", "w", "r", "b", "lengths", "h", "c", "p"][: 8 if op == "LSTM" else 6]
    names = [name if name in given else "" for name in order]
    outputs = ["y", "yh", "yc"][: 3 if op == "LSTM" else 2]
    node = helper.make_node(op, names, outputs, hidden_size=HIDDEN, **attrs)
    constants = {name: array for name, array in given.items() if name not in computed}
    return model([node], {name: given[name].shape for name in sorted(computed)}, outputs, constants)


@pytest.mark.parametrize("op", GATES)
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(
    "computed", [{"x"}, {"x", "h"}, {"x", "w"}, {"x", "r", "b"}], ids=lambda names: "-".join(sorted(names))
)
def test_all_directions(op: str, direction: str, computed: set[str]) -> None:
    """Weights that the model computes have no kernel."""
    given = operands(op, 2 if direction == "bidirectional" else 1, "h" in computed)
    data = network(op, given, computed, direction=direction)
    agrees(data, atol=1e-5, **{name: given[name] for name in computed})
    ops = {node.op for node in survey(data)[0].nodes}
    assert (op in ops) == (computed <= {"x", "h"})


@pytest.mark.parametrize("computed", [{"x"}, {"x", "r"}], ids=lambda names: "-".join(sorted(names)))
@pytest.mark.parametrize("after", [0, 1])
def test_both_places_of_the_reset_gate(computed: set[str], after: int) -> None:
    given = operands("GRU", 1, True)
    data = network("GRU", given, computed, linear_before_reset=after)
    agrees(data, atol=1e-5, **{name: given[name] for name in computed})


@pytest.mark.parametrize("op", GATES)
@pytest.mark.parametrize("computed", [{"x"}, {"x", "r"}], ids=lambda names: "-".join(sorted(names)))
def test_the_batch_first(op: str, computed: set[str]) -> None:
    given = operands(op, 1, True)
    turned = {n: a.swapaxes(0, 1) if n in ("x", "h", "c") else a for n, a in given.items()}
    agrees(network(op, turned, computed, layout=1), atol=1e-5, **{name: turned[name] for name in computed})


def test_peepholes() -> None:
    given = operands("LSTM", 1, True) | {"p": random(1, 3 * HIDDEN)}
    agrees(network("LSTM", given, {"x"}), atol=1e-5, x=given["x"])


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_items_that_are_shorter_than_others(direction: str) -> None:
    """Each is what it is alone, with zeros behind it."""
    given = operands("GRU", 1, True) | {"lengths": np.array([1, T], np.int32)}
    y, last = results(network("GRU", given, {"x"}, direction=direction), x=given["x"])
    for k, steps in enumerate((1, T)):
        own = operands("GRU", 1, True)
        own |= {"x": own["x"][:steps, k : k + 1], "h": own["h"][:, k : k + 1]}
        alone, alone_last = results(network("GRU", own, {"x"}, direction=direction), x=own["x"])
        np.testing.assert_allclose(y[:steps, :, k], alone[:, :, 0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(last[:, k], alone_last[:, 0], rtol=1e-5, atol=1e-6)
        assert not y[steps:, :, k].any()


def test_lengths_that_the_model_computes() -> None:
    """Those of float inputs become integers."""
    given = operands("RNN", 1, False)
    nodes = [
        helper.make_node("Cast", ["n"], ["lengths"], to=6),
        helper.make_node("RNN", ["x", "w", "r", "b", "lengths"], ["y"], hidden_size=HIDDEN),
    ]
    constants = {name: given[name] for name in "wrb"}
    net = model(nodes, {"x": given["x"].shape, "n": [N]}, ["y"], constants)
    y = results(net, x=given["x"], n=np.array([2, 1], np.float32))[0]
    assert y[1, 0, 0].any() and not y[2, 0, 0].any() and not y[1, 0, 1].any()


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_clipped_sums_and_forget_gates_that_are_what_input_gates_leave() -> None:
    given, clip = operands("LSTM", 1, False), 0.5
    y = results(network("LSTM", given, {"x"}, clip=clip, input_forget=1), x=given["x"])[0]
    h, c = np.zeros((N, HIDDEN)), np.zeros((N, HIDDEN))
    for k, x in enumerate(given["x"]):
        total = x @ given["w"][0].T + h @ given["r"][0].T + sum(np.split(given["b"][0], 2))
        i, o, _, g = np.split(np.clip(total, -clip, clip), 4, axis=1)
        c = (1 - sigmoid(i)) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(np.clip(c, -clip, clip))
        np.testing.assert_allclose(y[k, 0], h, rtol=1e-4, atol=1e-5)


ACTIVATIONS = {
    "Affine": lambda x: 0.5 * x + 0.25,
    "LeakyRelu": lambda x: np.where(x >= 0, x, 0.5 * x),
    "ThresholdedRelu": lambda x: np.where(x >= 0.5, x, 0),
    "ScaledTanh": lambda x: 0.5 * np.tanh(0.25 * x),
    "HardSigmoid": lambda x: np.clip(0.5 * x + 0.25, 0, 1),
    "Elu": lambda x: np.where(x >= 0, x, 0.5 * np.expm1(x)),
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "Softplus": lambda x: np.log1p(np.exp(x)),
    "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": sigmoid,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_by_name(name: str) -> None:
    given = operands("RNN", 1, False)
    stated = {"activations": [name], "activation_alpha": [0.5], "activation_beta": [0.25]}
    y = results(network("RNN", given, {"x"}, **stated), x=given["x"])[0]
    h = np.zeros((N, HIDDEN), np.float32)
    for k, x in enumerate(given["x"]):
        total = x @ given["w"][0].T + h @ given["r"][0].T + sum(np.split(given["b"][0], 2))
        h = ACTIVATIONS[name](total)
        np.testing.assert_allclose(y[k, 0], h, rtol=1e-4, atol=1e-5)


def test_long_layers_without_a_kernel_are_refused() -> None:
    given = operands("LSTM", 1, False) | {"x": random(65, N, IN)}
    _, (problem,) = survey(network("LSTM", given, {"x"}, clip=1.0))
    assert "served up to 64 steps, and it has 65" in problem
