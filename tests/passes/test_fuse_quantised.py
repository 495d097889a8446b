"""The pass for quantised graphs keeps every stored number, and does find what it looks for."""

from __future__ import annotations

import numpy as np
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.passes import fuse_quantised

Q8 = DType("qint8", 0.021)


class _Net:
    """A graph in the making, with one input."""

    def __init__(self, shape: tuple[int, ...], dtype: DType) -> None:
        self.x = Value("x", TensorType(shape, dtype))
        self.graph = Graph("net", [self.x])

    def add(self, op: str, inputs: list[Value], **attrs: object) -> Value:
        node = Node(op, f"n{len(self.graph.nodes)}", ops.attributes_of(op, attrs), inputs, origin="test")
        node.outputs = [Value(node.name, t, node) for t in ops.infer(node)]
        self.graph.nodes.append(node)
        return node.output

    def finish(self, result: Value) -> Graph:
        self.graph.outputs = [("y", result)]
        return self.graph


def _const(array: np.ndarray, dtype: DType) -> Value:
    data = array.astype(dtype.numpy)
    return Value("c", TensorType(data.shape, dtype), const=data)


def _run(graph: Graph, x: np.ndarray) -> np.ndarray:
    known = {graph.inputs[0]: x}
    for node in graph.nodes:
        inputs = [v.const if v.const is not None else known[v] for v in node.inputs]
        known.update(zip(node.outputs, ops.evaluate(node, inputs)))
    return known[graph.outputs[0][1]]


def _check(graph: Graph, expected_ops: list[str]) -> None:
    x = graph.inputs[0]
    low, high = x.type.dtype.range
    stored = np.random.default_rng(1).integers(low, high + 1, x.shape).astype(x.type.dtype.numpy)
    before = _run(graph, stored)
    fuse_quantised.run(graph)
    assert [n.op for n in graph.nodes] == expected_ops
    np.testing.assert_array_equal(_run(graph, stored), before)


def _linear(bias_scale: float, relu: bool) -> Graph:
    rng = np.random.default_rng(2)
    w8 = DType("qint8", 0.013)
    net = _Net((3, 40), Q8)
    weights = _const(rng.integers(-128, 128, (40, 17)), w8)
    product = net.add("MatrixMul", [net.x, weights])
    bias = _const(rng.integers(-9000, 9000, (1, 17)), DType("qint32", product.type.dtype.scale * bias_scale))
    total = net.add("Elemwise", [bias, product], mode="add", output_dtype=None)
    result = net.add("TypeCvt", [total], dtype=DType("qint8", 0.9))
    return net.finish(net.add("Elemwise", [result], mode="relu", output_dtype=None) if relu else result)


def test_a_linear_layer_becomes_one_product() -> None:
    _check(_linear(1.0, relu=False), ["MatrixMul"])


def test_a_linear_layer_takes_its_relu() -> None:
    _check(_linear(1.0, relu=True), ["MatrixMul"])


def test_a_bias_whose_scale_would_round_otherwise_stays_apart() -> None:
    _check(_linear(1.000003, relu=False), ["MatrixMul", "Elemwise", "TypeCvt"])


def test_a_float_function_between_bytes_becomes_a_table() -> None:
    net = _Net((2, 9, 40), Q8)
    real = net.add("TypeCvt", [net.x], dtype=DType("float32"))
    gate = net.add("Elemwise", [real], mode="sigmoid", output_dtype=None)
    product = net.add("Elemwise", [real, gate], mode="mul", output_dtype=None)
    _check(net.finish(net.add("TypeCvt", [product], dtype=DType("quint8", 0.02, 17))), ["Lookup8"])


def test_a_unary_quantised_mode_becomes_a_table() -> None:
    net = _Net((300,), DType("quint8", 0.03, 120))
    _check(net.finish(net.add("ElemwiseMultiType", [net.x], mode="exp", output_dtype=Q8)), ["Lookup8"])


def test_a_function_of_two_values_stays_as_it_is() -> None:
    net = _Net((50,), Q8)
    other = net.add("Elemwise", [net.x], mode="relu", output_dtype=None)
    _check(
        net.finish(net.add("ElemwiseMultiType", [net.x, other], mode="add", output_dtype=Q8)),
        ["Elemwise", "ElemwiseMultiType"],
    )
