"""Normalisations of ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import agrees, model, results, survey
from onnx import helper


def data(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


def on_data(
    op: str, x: np.ndarray, constants: dict[str, np.ndarray] | None = None, outputs: int = 1, **attrs: Any
) -> bytes:
    names = [f"y{k}" for k in range(outputs)]
    node = helper.make_node(op, ["x", *(constants or {})], names, **attrs)
    return model([node], {"x": x.shape}, names, constants)


SHAPES = [(2, 4), (2, 4, 5), (2, 4, 3, 3), (1, 4, 2, 3, 2)]


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_instances_and_groups(shape: tuple[int, ...]) -> None:
    x, parameters = data(*shape), {"scale": data(4), "bias": data(4) + 1}
    agrees(on_data("InstanceNormalization", x, parameters, epsilon=0.1), rtol=1e-4, atol=1e-5, x=x)
    net = on_data("GroupNormalization", x, parameters, num_groups=2)
    parts = x.reshape(shape[0], 2, -1)
    apart = (parts - parts.mean(2, keepdims=True)) / np.sqrt(parts.var(2, keepdims=True) + 1e-5)
    scale, bias = (p.reshape(-1, *[1] * (len(shape) - 2)) for p in parameters.values())
    np.testing.assert_allclose(
        results(net, x=x)[0], apart.reshape(shape) * scale + bias, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_batches_by_their_own_statistics(shape: tuple[int, ...]) -> None:
    x = data(*shape)
    numbers = {"scale": data(4), "bias": data(4), "mean": data(4), "variance": np.abs(data(4))}
    agrees(on_data("BatchNormalization", x, numbers), rtol=1e-4, atol=1e-5, x=x)
    training = on_data("BatchNormalization", x, numbers, outputs=3, training_mode=1, momentum=0.75)
    agrees(training, rtol=1e-4, atol=1e-5, x=x)


@pytest.mark.parametrize("axis", [-1, 1, 0])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("wide", [False, True])
def test_layers(axis: int, bias: bool, wide: bool) -> None:
    """``wide``: parameters that stretch to what is normalised."""
    x = data(3, 4, 5)
    shape = (1, 5) if wide else x.shape[axis:]
    numbers = {"scale": data(*shape)} | ({"bias": data(*shape)} if bias else {})
    agrees(on_data("LayerNormalization", x, numbers, outputs=3, axis=axis), rtol=1e-4, atol=1e-5, x=x)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_neighbouring_channels(size: int) -> None:
    x = data(2, 5, 3, 3)
    squares = [
        (x[:, max(0, c - (size - 1) // 2) : c + size // 2 + 1] ** 2).sum(axis=1, keepdims=True)
        for c in range(5)
    ]
    expected = x / np.sqrt(2 + 0.5 / size * np.concatenate(squares, axis=1))
    y = results(on_data("LRN", x, size=size, alpha=0.5, beta=0.5, bias=2.0), x=x)[0]
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("p", [1, 2])
def test_vectors_of_length_one_and_zeros(p: int) -> None:
    x = np.array([[3, 4], [0, 0]], np.float32)
    y = results(on_data("LpNormalization", x, p=p), x=x)[0]
    assert np.allclose(y, x / (7 if p == 1 else 5))


def test_norms_of_other_orders_are_refused() -> None:
    _, (problem,) = survey(on_data("LpNormalization", data(2, 2), p=3))
    assert "the norm of order 3 is not supported" in problem
