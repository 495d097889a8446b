"""Matrix products, inverses, window tensors, correlation, simulated quantisation and activations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from handmade_nodes import output_types, run, value
from mgecc.graph import DType, Unsupported
from mgecc.ops.activation import apply

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(3, 4)).astype("f4"), RNG.normal(size=(4, 5)).astype("f4")


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("right", [False, True])
def test_products_of_stored_transposes_are_the_same(left, right):
    attrs = {"transpose_a": left, "transpose_b": right}
    a, b = (A.T if left else A), (B.T if right else B)
    np.testing.assert_allclose(run("MatrixMul", attrs, a, b)[0], A @ B, rtol=1e-5, atol=1e-6)
    batched = run("BatchedMatrixMul", attrs, np.stack([a, a]), np.stack([b, 2 * b]))[0]
    np.testing.assert_allclose(batched, [A @ B, 2 * (A @ B)], rtol=1e-5, atol=1e-6)


def test_a_pass_may_add_bias_and_activation_to_a_product():
    bias = RNG.normal(size=5).astype("f4")
    got = run("MatrixMul", {"activation": ("relu",)}, A, B, bias)[0]
    np.testing.assert_allclose(got, np.maximum(A @ B + bias, 0), rtol=1e-5, atol=1e-6)


def test_quantised_products_are_exact_integers_of_the_product_scale():
    a, b = (RNG.integers(-128, 128, s).astype(np.int8) for s in [(3, 500), (500, 2)])
    inputs = value(a, DType("qint8", 0.5)), value(b, DType("qint8", 0.5))
    np.testing.assert_array_equal(run("MatrixMul", {}, *inputs)[0], a.astype(np.int64) @ b.astype(np.int64))
    assert output_types("MatrixMul", {}, *inputs)[0].dtype == DType("qint32", 0.25)
    four = value(np.ones((2, 2), np.int8), DType("qint4", 0.5))
    assert output_types("MatrixMul", {}, four, four)[0].dtype == DType("qint16", 0.25)


def test_matrices_that_do_not_fit_are_refused():
    with pytest.raises(Unsupported):
        run("MatrixMul", {}, A, A)


def test_dot_inverse_and_singular_values():
    np.testing.assert_allclose(run("Dot", {}, A[0], B[:, 0])[0], [A[0] @ B[:, 0]], rtol=1e-5)
    square = (A @ A.T).astype("f4")
    np.testing.assert_allclose(run("MatrixInverse", {}, square)[0] @ square, np.eye(3), atol=1e-3)
    u, s, v = run("SVD", {"full_matrices": False, "compute_uv": True}, A)
    np.testing.assert_allclose(u * s @ v, A, rtol=1e-4, atol=1e-5)
    assert len(run("SVD", {"full_matrices": False, "compute_uv": False}, A)) == 1


WINDOW = {"window": (3, 2), "stride": (2, 1), "padding": ((1, 1), (0, 0)), "dilation": (1, 2)}


def test_windows_are_cut_and_summed_back():
    x = RNG.normal(size=(2, 3, 7, 6)).astype("f4")
    cut = run("Images2Neibs", WINDOW, x)[0]
    assert cut.shape == (2, 3, 4, 4, 3, 2)
    assert cut[1, 2, 1, 3, 2, 1] == x[1, 2, 3, 5] and not cut[:, :, 0, :, 0].any()
    back = run("SlidingWindowTranspose", {**WINDOW, "size": (7, 6)}, cut)[0]
    times = run("Images2Neibs", WINDOW, np.ones_like(x))[0]
    count = run("SlidingWindowTranspose", {**WINDOW, "size": (7, 6)}, times)[0]
    np.testing.assert_allclose(back, x * count, rtol=1e-5)


@pytest.mark.parametrize("mode", ["product", "difference"])
def test_correlation_equals_loops(mode):
    attrs = {"window": 3, "stride": 2, "padding": 1, "reach": 2, "reach_step": 1, "mode": mode}
    a, b = (RNG.normal(size=(1, 2, 9, 10)).astype("f4") for _ in range(2))
    got = run("Correlation", attrs, a, b)[0]
    pa, pb = (np.pad(x[0], [(0, 0), (1, 1), (1, 1)]) for x in (a, b))
    for k, (dy, dx) in enumerate((dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)):
        for i, j in np.ndindex(*got.shape[2:]):
            y, x = 2 * i + 2, 2 * j + 2
            p, q = pa[:, y : y + 3, x : x + 3], pb[:, y + dy : y + dy + 3, x + dx : x + dx + 3]
            expected = (p * q).mean() if mode == "product" else np.abs(p - q).mean()
            assert got[0, k, i, j] == pytest.approx(expected, abs=1e-5)


def test_simulated_quantisation_clips_and_rounds():
    x = np.array([-10, -0.3, 0.25, 0.26, 10], "f4")
    attrs, scale, zero = {"qmin": -4, "qmax": 3}, np.array([0.5], "f4"), np.array([1], "f4")
    np.testing.assert_array_equal(run("FakeQuant", attrs, x, scale, zero)[0], [-2.5, -0.5, 0.5, 0.5, 1])
    np.testing.assert_array_equal(run("TQT", attrs, x, np.array([-1], "f4"))[0], [-2, -0.5, 0.5, 0.5, 1.5])
    np.testing.assert_array_equal(run("LSQ", attrs, x, scale, zero, scale)[0], [-2.5, -0.5, 0.5, 0.5, 1])


def test_dropout_of_training_is_refused():
    x = np.ones((2, 3), "f4")
    np.testing.assert_array_equal(run("Dropout", {"probability": 0.0}, x)[0], x)
    with pytest.raises(Unsupported, match="training"):
        run("Dropout", {"probability": 0.5}, x)


@pytest.mark.parametrize(
    ("activation", "x", "expected"),
    [
        (("identity",), -2.0, -2.0), (("relu",), -2.0, 0.0), (("clip", -1.0, 6.0), -2.0, -1.0),
        (("leaky", 0.25), -2.0, -0.5), (("h_swish",), -2.0, -1 / 3), (("hsigmoid",), 1.0, 2 / 3),
        (("sigmoid",), -2.0, 1 / (1 + math.exp(2))), (("silu",), -2.0, -2 / (1 + math.exp(2))),
        (("tanh",), -2.0, math.tanh(-2)), (("gelu",), -2.0, -1 - math.erf(-math.sqrt(2))),
    ],
)  # fmt: skip
def test_activations(activation, x, expected):
    got = apply(activation, np.array([x], np.float32))
    assert got.dtype == np.float32 and got[0] == pytest.approx(expected, rel=1e-5)
    with pytest.raises(Unsupported):
        apply(("NOTHING",), got)
