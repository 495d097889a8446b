"""Quantised networks: the numbers of the standard's reference evaluator, and products of integers where files allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from mgecc import interpret
from mgecc.passes import pipeline
from networks import agrees, model, results, survey
from onnx import helper
from onnx.reference import ReferenceEvaluator

F = np.float32
Arrays = dict[str, np.ndarray]


def node(op: str, inputs: str, output: str, **attrs: Any) -> Any:
    return helper.make_node(op, inputs.split(), [output], **attrs)


def pair(x: str, y: str, scale: str, zero: str) -> list[Any]:
    """QuantizeLinear and DequantizeLinear."""
    operands = f"{scale} {zero}"
    return [
        node("QuantizeLinear", f"{x} {operands}", f"{y}_q"),
        node("DequantizeLinear", f"{y}_q {operands}", y),
    ]


def _numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(0, 1, shape).astype(F)


def _layer(rng: np.random.Generator, weights: Sequence[int], kind: type, **forms: Any) -> Arrays:
    """Parameters: weights by channel along axis 0, data of a type with a zero point."""
    count = weights[0]
    sw = (2.0 ** rng.uniform(-8, -6, count)).astype(F) if forms.get("by_channel", True) else F(0.01)
    sx, sy = F(0.021), F(0.037)
    bias = rng.integers(-900, 900, count).astype(np.int32)
    zero = 121 if kind is np.uint8 else -7
    return {
        "sx": np.array(sx), "zx": np.array(zero, kind), "sy": np.array(sy), "zy": np.array(zero + 3, kind),
        "w_q": rng.integers(-127, 128, weights).astype(np.int8), "sw": np.asarray(sw),
        "zw": np.zeros(np.shape(sw), np.int8), "b_q": bias, "sb": np.asarray(sx * sw),
        "zb": np.zeros(np.shape(sw), np.int32),
    }  # fmt: skip


def _dequantised(p: Arrays) -> list[Any]:
    return [
        *pair("x", "xd", "sx", "zx"),
        node("DequantizeLinear", "w_q sw zw", "wd", axis=0),
        node("DequantizeLinear", "b_q sb zb", "bd", axis=0),
    ]


def _optimised(data: bytes, **inputs: np.ndarray) -> tuple[list[np.ndarray], Counter[str]]:
    """Results behind all passes, and the operators there."""
    graph, problems = survey(data)
    assert problems == []
    pipeline.optimize(graph)
    return interpret.run(graph, inputs), Counter(n.op for n in graph.nodes)


def _fuses(data: bytes, product: str, step: np.ndarray, **inputs: np.ndarray) -> None:
    """Assert that the product is one of integers, and no number is another than with real arithmetic."""
    (found,), operators = _optimised(data, **inputs)
    graph, _ = survey(data)
    pipeline.optimize(graph)
    made = [n for n in graph.nodes if n.op == product]
    assert made and all(n.inputs[0].type.dtype.is_quantized for n in made), operators
    expected = ReferenceEvaluator(onnx.load_from_string(data)).run(None, inputs)[0]
    # Sums of real products are rounded; exact ones may lie on the other side of a half, which this data has not.
    np.testing.assert_allclose(found.reshape(expected.shape), expected, 0, float(step) * 1e-3)


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("form", ["image", "signal", "depthwise", "one_scale"])
def test_convolutions_between_pairs_become_integers(form: str, rectified: bool, kind: type) -> None:
    rng = np.random.default_rng(len(form))
    shape = (8, 1, 3, 3) if form == "depthwise" else (5, 8, 3) if form == "signal" else (5, 8, 3, 3)
    p = _layer(rng, shape, kind, by_channel=form != "one_scale")
    attrs = {"pads": [1] * (2 * (len(shape) - 2)), "group": 8 if form == "depthwise" else 1}
    nodes = [*_dequantised(p), node("Conv", "xd wd bd", "c", **attrs)]
    nodes += (
        [node("Relu", "c", "r"), *pair("r", "y", "sy", "zy")] if rectified else pair("c", "y", "sy", "zy")
    )
    x = _numbers(rng, 1, 8, *[7] * (len(shape) - 2))
    _fuses(model(nodes, {"x": x.shape}, ["y"], p), "ConvBias", p["sy"], x=x)


@pytest.mark.parametrize("transposed", [0, 1])
def test_gemm_between_pairs_becomes_integers(transposed: int) -> None:
    rng = np.random.default_rng(3)
    p = _layer(rng, (6, 20), np.int8)
    axis = 0
    if not transposed:
        p["w_q"], axis = np.ascontiguousarray(p["w_q"].T), 1
    nodes = [
        *pair("x", "xd", "sx", "zx"),
        node("DequantizeLinear", "w_q sw zw", "wd", axis=axis),
        node("DequantizeLinear", "b_q sb zb", "bd", axis=0),
        node("Gemm", "xd wd bd", "c", transB=transposed),
        *pair("c", "y", "sy", "zy"),
    ]
    x = _numbers(rng, 3, 20)
    _fuses(model(nodes, {"x": x.shape}, ["y"], p), "MatrixMul", p["sy"], x=x)


def test_layers_whose_sums_are_read_elsewhere_stay_real() -> None:
    rng = np.random.default_rng(4)
    p = _layer(rng, (5, 8, 3, 3), np.int8)
    nodes = [*_dequantised(p), node("Conv", "xd wd bd", "c"), *pair("c", "y", "sy", "zy")]
    data = model(nodes, {"x": (1, 8, 6, 6)}, ["y", "c"], p)
    x = _numbers(rng, 1, 8, 6, 6)
    _, operators = _optimised(data, x=x)
    assert operators["ConvBias"] == 1 and operators["Quantize"] == 2
    agrees(data, rtol=1e-4, atol=1e-4, x=x)


def test_functions_between_pairs_become_tables() -> None:
    p = {
        "s": np.array(0.1, F),
        "z": np.array(4, np.uint8),
        "t": np.array(0.05, F),
        "u": np.array(0, np.uint8),
    }
    nodes = [*pair("x", "d", "s", "z"), node("Sigmoid", "d", "c"), *pair("c", "y", "t", "u")]
    data, x = model(nodes, {"x": (1, 50)}, ["y"], p), _numbers(np.random.default_rng(5), 1, 50)
    (found,), operators = _optimised(data, x=x)
    assert operators["Lookup8"] == 1
    np.testing.assert_array_equal(
        found, ReferenceEvaluator(onnx.load_from_string(data)).run(None, {"x": x})[0]
    )


def test_halves_go_to_even_and_numbers_saturate() -> None:
    p = {"s": np.array(0.5, F), "z": np.array(3, np.int8)}
    x = np.concatenate([np.arange(-40, 40) * F(0.25), [1e9, -1e9]]).astype(F)
    agrees(model(pair("x", "y", "s", "z"), {"x": x.shape}, ["y"], p), 0, 0, x=x)


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_quantisation_by_channel(kind: type) -> None:
    rng = np.random.default_rng(6)
    p = {"s": (2.0 ** rng.uniform(-6, -2, 4)).astype(F), "z": rng.integers(0, 90, 4).astype(kind)}
    x = _numbers(rng, 2, 4, 5)
    agrees(model(pair("x", "y", "s", "z"), {"x": x.shape}, ["y"], p), 1e-6, 0, x=x)


def test_weights_without_a_layer_are_constants() -> None:
    p = {"w": np.arange(-3, 3, dtype=np.int8), "s": np.array(0.25, F)}
    nodes = [node("DequantizeLinear", "w s", "d"), node("Add", "x d", "y")]
    data, x = model(nodes, {"x": (6,)}, ["y"], p), _numbers(np.random.default_rng(7), 6)
    assert _optimised(data, x=x)[1] == {"Elemwise": 1}
    agrees(data, 0, 0, x=x)


def _qlinear(rng: np.random.Generator, zero: int, by_channel: bool) -> tuple[list[Any], Arrays]:
    p = _layer(rng, (6, 4, 3, 3), np.uint8, by_channel=by_channel)
    if zero:
        p["w_q"], p["zw"] = (
            rng.integers(0, 256, (6, 4, 3, 3)).astype(np.uint8),
            np.full(np.shape(p["sw"]), zero, np.uint8),
        )
    nodes = [
        node("QuantizeLinear", "x sx zx", "xq"),
        node("QLinearConv", "xq sx zx w_q sw zw sy zy b_q", "yq", pads=[1] * 4, strides=[2, 2]),
        node("DequantizeLinear", "yq sy zy", "y"),
    ]
    return nodes, p


@pytest.mark.parametrize(
    ("zero", "by_channel"), [(0, False), (0, True), (128, False), (128, True), (77, False)]
)
def test_qlinear_convolutions_agree_exactly(zero: int, by_channel: bool) -> None:
    rng = np.random.default_rng(8)
    nodes, p = _qlinear(rng, zero, by_channel)
    x = _numbers(rng, 2, 4, 8, 9)
    agrees(model(nodes, {"x": x.shape}, ["y"], p), 0, 1e-6, x=x)


def test_what_does_not_fit_is_refused_with_its_reason() -> None:
    nodes, p = _qlinear(np.random.default_rng(9), 77, True)
    _, problems = survey(model(nodes, {"x": (1, 4, 8, 8)}, ["y"], p))
    assert len(problems) == 1 and "a zero point of weights that do not fit int8" in problems[0]


@pytest.mark.parametrize("zero", [None, 3, 128, 250])
def test_dynamic_quantisation_runs_in_integers(zero: int | None) -> None:
    """Weights with sign, and without, whose steps fit int8 or do not."""
    rng = np.random.default_rng(10)
    p = {"w": rng.integers(-127, 128, (12, 5)).astype(np.int8)}
    if zero is not None:
        p = {"w": (p["w"].astype(np.int16) + 128).astype(np.uint8), "zw": np.array(zero, np.uint8)}
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        node("MatMulInteger", "q w z" + (" zw" if zero is not None else ""), "i"),
        node("Cast", "i", "f", to=1),
        node("Mul", "f s", "y"),
    ]
    x = _numbers(rng, 3, 12)
    data = model(nodes, {"x": x.shape}, ["y"], p)
    agrees(data, 1e-6, 0, x=x)
    assert results(data, x=x)[0].shape == (3, 5)
    graph, _ = survey(data)
    (product,) = (n for n in graph.nodes if n.op == "MatrixMul")
    # This is what packed weights serve.
    assert [v.type.dtype.name for v in product.inputs] == ["qint8", "qint8"]
    assert product.inputs[1].type.dtype.zero_point == 0
