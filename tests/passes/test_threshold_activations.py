"""Rising activations of whole sums become thresholds, and give what the activation gives."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.interpret import run
from mgecc.kernels import candidates
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.passes import optimize, threshold_activations
from mgecc.passes.build import constant
from mgecc.targets import load_target

X, W = DType("qint8", 0.02), DType("qint8", 0.01)
SUMS = DType("qint32", float(np.float32(0.02) * np.float32(0.01)))


def convolution(act: str, result: DType, z: DType | None = None) -> Graph:
    rng = np.random.default_rng(3)
    x = Value("x", TensorType((2, 5, 6, 7), X))
    w = constant("w", rng.integers(-128, 128, (9, 5, 3, 3)), W)
    bias = constant("b", rng.integers(-9000, 9000, (1, 9, 1, 1)), SUMS)
    inputs = [x, w, bias]
    graph = Graph("net", [x])
    if z is not None:
        graph.inputs.append(Value("z", TensorType((2, 9, 6, 7), z)))
        inputs.append(graph.inputs[-1])
    attrs = ConvBiasAttrs(padding=((1, 1), (1, 1)), activation=(act,), output_dtype=result)
    node = Node("ConvBias", "conv", attrs, inputs, origin="test")
    node.outputs = [Value("y", t, node) for t in ops.infer(node)]
    graph.nodes, graph.outputs = [node], [("y", node.output)]
    return graph


@pytest.mark.parametrize(
    "result", [DType("qint8", 0.008), DType("quint8", 0.004, 3), DType("qint8", 0.5)], ids=str
)
def test_sigmoid_behind_a_quantised_convolution_keeps_every_number(result: DType) -> None:
    graph = convolution("sigmoid", result)
    x = np.random.default_rng(1).integers(-128, 128, (2, 5, 6, 7)).astype(np.int8)
    before = run(graph, {"x": x})[0]
    optimize(graph)
    assert [n.op for n in graph.nodes] == ["ConvBias", "Thresholds"]
    np.testing.assert_array_equal(run(graph, {"x": x})[0], before)
    for target in ("x86_64", "arm64", "armv7", "baremetal"):
        assert all(candidates(node, load_target(target)) for node in graph.nodes)


def test_a_residual_of_another_scale_is_not_part_of_the_sum() -> None:
    graph = convolution("sigmoid", X, DType("qint8", 0.3))
    threshold_activations.run(graph)
    assert [n.op for n in graph.nodes] == ["ConvBias"]


def test_exact_activations_stay_in_the_convolution() -> None:
    graph = convolution("h_swish", X)
    threshold_activations.run(graph)
    assert [n.op for n in graph.nodes] == ["ConvBias"]


@pytest.mark.parametrize("offset", [0, 7, -(2**31), 2**31 - 9])
def test_thresholds_are_the_smallest_numbers_of_each_result(offset: int) -> None:
    def function(x: np.ndarray) -> np.ndarray:
        return np.clip((x - offset) // 3, -4, 2)

    base, found = threshold_activations.thresholds(function)
    every = np.unique(np.clip(np.arange(offset - 40, offset + 40), -(2**31), 2**31 - 1))
    np.testing.assert_array_equal(base + np.searchsorted(found, every, side="right"), function(every))
