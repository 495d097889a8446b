"""What stands between DequantizeLinear and QuantizeLinear is computed by integers, with the standard's numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import pytest
from mgecc import interpret
from mgecc.graph import Graph, Node
from mgecc.passes import pipeline
from networks import model, survey
from onnx import helper
from onnx.reference import ReferenceEvaluator

F = np.float32
Arrays = dict[str, np.ndarray]
_AT_THE_ENDS = ("Quantize", "TypeCvt")


@dataclass(frozen=True)
class Layer:
    """Nodes that read dequantised x0, x1, ... and give y; ``zero``: of what is quantised."""

    nodes: list[Any]
    shapes: list[tuple[int, ...]]
    operators: set[str]
    constants: Arrays = field(default_factory=dict)
    scales: tuple[float, ...] = (0.021, 0.034, 0.013)
    result: float = 0.037


def node(op: str, inputs: str, output: str = "y", **attrs: Any) -> Any:
    return helper.make_node(op, inputs.split(), [output], **attrs)


def quantised(layer: Layer, kind: type) -> bytes:
    """The layer as a file: operands are quantised and dequantised, as is the result."""
    low = -9 if kind is np.int8 else 113
    known: Arrays = {"sy": np.array(layer.result, F), "zy": np.array(low + 4, kind), **layer.constants}
    nodes = []
    for k, scale in zip(range(len(layer.shapes)), layer.scales):
        known |= {f"s{k}": np.array(scale, F), f"z{k}": np.array(low + 3 * k, kind)}
        nodes.append(node("QuantizeLinear", f"in{k} s{k} z{k}", f"q{k}"))
        nodes.append(node("DequantizeLinear", f"q{k} s{k} z{k}", f"x{k}"))
    ends = [node("QuantizeLinear", "y sy zy", "yq"), node("DequantizeLinear", "yq sy zy", "out")]
    return model(
        [*nodes, *layer.nodes, *ends], {f"in{k}": s for k, s in enumerate(layer.shapes)}, ["out"], known
    )


def inner(graph: Graph) -> list[Node]:
    """Nodes without the conversions of inputs and outputs."""
    inputs, outputs = set(graph.inputs), graph.output_values()

    def is_end(n: Node) -> bool:
        return n.op in _AT_THE_ENDS and (n.inputs[0] in inputs or n.output in outputs)

    return [n for n in graph.nodes if not is_end(n)]


IMAGE, SIGNAL = (2, 6, 8, 8), (2, 5, 12)
CONSTANT = {"w": np.arange(-30, 30, 10, dtype=np.int8).reshape(6, 1, 1), "sw": np.array(0.011, F)}
TAPS = {
    "w": np.random.default_rng(8).integers(-127, 128, (6, 4, 3, 4)).astype(np.int8),
    "sw": np.array([0.003, 0.007, 0.002, 0.005], F),
    "b": np.arange(-400, 400, 200, dtype=np.int32),
    "sb": F(0.021) * np.array([0.003, 0.007, 0.002, 0.005], F),
}
SIGNAL_TAPS = {"w": TAPS["w"][:5, :3, 0], "sw": np.array(0.004, F), "zw": np.array(3, np.int8)}
LAYERS = {
    "add": Layer([node("Add", "x0 x1")], [IMAGE, IMAGE], {"RescaledArithmetic"}),
    "sub": Layer([node("Sub", "x0 x1")], [SIGNAL, SIGNAL], {"RescaledArithmetic"}),
    "mul": Layer([node("Mul", "x0 x1")], [IMAGE, (2, 6, 1, 1)], {"RescaledArithmetic"}, result=0.019),
    "add, relu": Layer([node("Add", "x0 x1", "s"), node("Relu", "s")], [IMAGE, IMAGE], {"RescaledArithmetic"}),
    "add, clip": Layer(
        [node("Add", "x0 x1", "s"), node("Clip", "s low high")], [IMAGE, IMAGE], {"RescaledArithmetic"},
        {"low": np.array(-0.5, F), "high": np.array(1.0, F)}),
    "add of a constant": Layer(
        [node("DequantizeLinear", "w sw", "c"), node("Add", "x0 c")], [IMAGE], {"RescaledArithmetic"}, CONSTANT),
    "padded sum": Layer(
        [node("Pad", "x0 p", "a"), node("Add", "a x1")], [(2, 6, 6, 8), IMAGE], {"Padding", "RescaledArithmetic"},
        {"p": np.array([0, 0, 1, 0, 0, 0, 1, 0])}),
    "mean": Layer([node("ReduceMean", "x0 axes", keepdims=0)], [IMAGE], {"RescaledMean", "Reshape"},
                  {"axes": np.array([2, 3])}),
    "mean of rows": Layer([node("ReduceMean", "x0 axes")], [SIGNAL], {"RescaledMean", "Reshape"},
                          {"axes": np.array([-1])}),
    "sum of channels": Layer([node("ReduceSum", "x0 axes")], [SIGNAL], {"RescaledMean", "Reshape", "Dimshuffle"},
                             {"axes": np.array([1])}),
    "global mean": Layer([node("GlobalAveragePool", "x0")], [IMAGE], {"RescaledMean"}),
    "means of windows": Layer(
        [node("AveragePool", "x0", kernel_shape=[3, 2], strides=[2, 2])], [IMAGE], {"ConvBias"}, result=0.0373),
    "means that count padding": Layer(
        [node("AveragePool", "x0", kernel_shape=[3, 3], pads=[1] * 4, count_include_pad=1)], [IMAGE], {"ConvBias"}),
    "transposed convolution": Layer(
        [node("DequantizeLinear", "w sw", "k", axis=1), node("DequantizeLinear", "b sb", "bias", axis=0),
         node("ConvTranspose", "x0 k bias", "t", strides=[2, 2], pads=[1, 1, 1, 1]), node("Relu", "t")],
        [IMAGE], {"ConvBias", "Interleave"}, TAPS),
    "transposed convolution by channel": Layer(
        [node("DequantizeLinear", "w sw", "k", axis=1), node("ConvTranspose", "x0 k", strides=[1, 3], group=6)],
        [IMAGE], {"ConvBias", "Interleave"}, {"w": TAPS["w"][:, :1], "sw": TAPS["sw"][:1]}),
    "transposed convolution of signals": Layer(
        [node("DequantizeLinear", "w sw zw", "k"), node("ConvTranspose", "x0 k", strides=[2])],
        [SIGNAL], {"ConvBias", "Interleave"}, SIGNAL_TAPS),
    "largest of windows": Layer([node("MaxPool", "x0", kernel_shape=[2, 2])], [IMAGE], {"Pooling", "Lookup8"}),
    "largest of rows": Layer([node("ReduceMax", "x0 axes", keepdims=0)], [SIGNAL], {"Reduce", "Reshape", "Lookup8"},
                             {"axes": np.array([2])}),
    "concat": Layer([node("Concat", "x0 x1 x2", axis=1)], [IMAGE, IMAGE, IMAGE], {"Concat", "Lookup8"}),
    "concat of a constant": Layer(
        [node("Concat", "x0 c", axis=0)], [(3, 4)], {"Concat", "Lookup8"}, {"c": np.ones((1, 4), F)}),
    "transposed part": Layer(
        [node("Transpose", "x0", "t", perm=[0, 2, 1]), node("Slice", "t b e a", "part"), node("Flatten", "part")],
        [SIGNAL], {"Dimshuffle", "Subtensor", "Reshape", "Lookup8"},
        {"b": np.array([1]), "e": np.array([9]), "a": np.array([1])}),
    "sigmoid": Layer([node("Sigmoid", "x0")], [IMAGE], {"Lookup8"}, result=1 / 256),
    "leaky": Layer([node("LeakyRelu", "x0", alpha=0.2)], [IMAGE], {"Lookup8"}),
    "hard sigmoid": Layer([node("HardSigmoid", "x0")], [IMAGE], {"Lookup8"}),
    "clip": Layer([node("Clip", "x0 low high")], [IMAGE], {"Lookup8"},
                  {"low": np.array(0, F), "high": np.array(6, F)}),
    "swish": Layer([node("Sigmoid", "x0", "s"), node("Mul", "x0 s")], [IMAGE], {"Lookup8"}),
}  # fmt: skip


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
@pytest.mark.parametrize("name", LAYERS)
def test_layers_between_pairs_are_computed_by_integers(name: str, kind: type) -> None:
    layer, rng = LAYERS[name], np.random.default_rng(len(name))
    data = quantised(layer, kind)
    inputs = {f"in{k}": rng.normal(0, 1, shape).astype(F) for k, shape in enumerate(layer.shapes)}
    graph, problems = survey(data)
    assert problems == []
    pipeline.optimize(graph)
    assert {n.op for n in inner(graph)} - {"Reshape"} == layer.operators - {"Reshape"}
    assert all(v.type.dtype.size == 1 for n in inner(graph) for v in n.outputs)
    (found,) = interpret.run(graph, inputs)
    expected = ReferenceEvaluator(onnx.load_from_string(data)).run(None, inputs)[0]
    np.testing.assert_allclose(found.reshape(expected.shape), expected, 0, 1e-6)
