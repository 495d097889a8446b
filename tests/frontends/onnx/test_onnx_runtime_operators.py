"""ONNX Runtime's quantised operators are what the standard's are between conversions, and become integer nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from mgecc import interpret
from mgecc.graph import Graph
from mgecc.passes import pipeline
from networks import model, survey
from onnx import ModelProto, helper
from onnx.reference import ReferenceEvaluator

F = np.float32
IMAGE = (2, 4, 6, 6)
WEIGHTS = np.random.default_rng(1).integers(-127, 128, (7, 12)).astype(np.int8)
KNOWN = {
    "s0": np.array(0.021, F), "z0": np.array(117, np.uint8), "s1": np.array(0.034, F), "z1": np.array(125, np.uint8),
    "sy": np.array(0.0373, F), "zy": np.array(113, np.uint8), "w": WEIGHTS, "zw": np.zeros(7, np.int8),
    "sw": np.linspace(0.002, 0.004, 7, dtype=F), "b": np.arange(-300, 400, 100, dtype=np.int32),
    "sb": F(0.021) * np.linspace(0.002, 0.004, 7, dtype=F),
}  # fmt: skip


def node(op: str, inputs: str, output: str = "y", **attrs: Any) -> Any:
    return helper.make_node(op, inputs.split(), [output], **attrs)


def file_of(nodes: list[Any], shapes: list[tuple[int, ...]], result: str = "yq") -> bytes:
    """Operands q0, q1 are quantised from inputs, and real as x0, x1; ``yq`` or ``y`` makes the output."""
    before = []
    for k in range(len(shapes)):
        before.append(node("QuantizeLinear", f"in{k} s{k} z{k}", f"q{k}"))
        before.append(node("DequantizeLinear", f"q{k} s{k} z{k}", f"x{k}"))
    ends = [node("QuantizeLinear", "y sy zy", "yq")] if result == "y" else []
    ends.append(node("DequantizeLinear", "yq sy zy", "out"))
    inputs = {f"in{k}": shape for k, shape in enumerate(shapes)}
    made = ModelProto.FromString(model([*before, *nodes, *ends], inputs, ["out"], KNOWN))
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return bytes(made.SerializeToString())


def own(op: str, inputs: str, **attrs: Any) -> Any:
    return node(op, inputs, "yq", domain="com.microsoft", **attrs)


ONE, TWO, END = "q0 s0 z0", "q0 s0 z0 q1 s1 z1", "sy zy"
WINDOW = {"kernel_shape": [2, 3], "strides": [2, 1]}
SPELLED = [
    node("DequantizeLinear", "w sw zw", "wd", axis=0),
    node("DequantizeLinear", "b sb", "bd", axis=0),
    node("Gemm", "x0 wd bd", transB=1),
]
Case = tuple[Any, list[Any], list[tuple[int, ...]]]
CASES: dict[str, Case] = {
    "add": (own("QLinearAdd", f"{TWO} {END}"), [node("Add", "x0 x1")], [IMAGE, IMAGE]),
    "mul": (own("QLinearMul", f"{TWO} {END}"), [node("Mul", "x0 x1")], [IMAGE, (2, 4, 1, 1)]),
    "concat": (own("QLinearConcat", f"{END} {TWO}", axis=1), [node("Concat", "x0 x1", axis=1)], [IMAGE, IMAGE]),
    "sigmoid": (own("QLinearSigmoid", f"{ONE} {END}"), [node("Sigmoid", "x0")], [IMAGE]),
    "leaky": (own("QLinearLeakyRelu", f"{ONE} {END}", alpha=0.3), [node("LeakyRelu", "x0", alpha=0.3)], [IMAGE]),
    "means": (own("QLinearAveragePool", f"{ONE} {END}", **WINDOW), [node("AveragePool", "x0", **WINDOW)], [IMAGE]),
    "mean": (own("QLinearGlobalAveragePool", f"{ONE} {END}"), [node("GlobalAveragePool", "x0")], [IMAGE]),
    "gemm": (own("QGemm", f"{ONE} w sw zw b {END}", transB=1), SPELLED, [(3, 12)]),
}  # fmt: skip


def is_integer(graph: Graph) -> bool:
    """Whether nothing but conversions at both ends is real."""
    real = [n for n in graph.nodes if any(v.type.dtype.is_float for v in n.outputs)]
    return all(n.op == "TypeCvt" and n.output in graph.output_values() for n in real)


@pytest.mark.parametrize("name", CASES)
def test_operators_of_bytes_are_those_of_real_numbers_between_conversions(name: str) -> None:
    one, spelled, shapes = CASES[name]
    rng = np.random.default_rng(len(name))
    inputs = {f"in{k}": rng.normal(0, 1, shape).astype(F) for k, shape in enumerate(shapes)}
    graph, problems = survey(file_of([one], shapes))
    assert problems == []
    pipeline.optimize(graph)
    assert is_integer(graph), [n.op for n in graph.nodes]
    (found,) = interpret.run(graph, inputs)
    expected = ReferenceEvaluator(onnx.load_from_string(file_of(spelled, shapes, "y"))).run(None, inputs)[0]
    np.testing.assert_allclose(found.reshape(expected.shape), expected, 0, 1e-6)


def test_channels_last_is_refused() -> None:
    one = own("QLinearGlobalAveragePool", f"{ONE} {END}", channels_last=1)
    assert "channels last" in survey(file_of([one], [IMAGE]))[1][0]
