"""What operators state about themselves holds for what they compute."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from handmade_nodes import value
from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Value
from mgecc.ops.rescale import Rescale
from mgecc.ops.signature import signature

WORDS = {
    "mode": "add",
    "exponent": 2.0,
    "dtype": DType("float16"),
    "output_dtype": DType("qint8", 0.5),
    "transpose_a": True,
    "groups": 3,
}
"""Attributes of an operator that has some of these names."""
QUANTISED = {"dtype": DType("qint8", 0.5, 3)}
RESCALED = QUANTISED | {"rescale": Rescale("double", (0.25,), -100, 100)}
BYTES = ("RescaledArithmetic", "FixedDivision")
"""Operators whose operands are quantised bytes."""
SHORT = ("FixedFunction", "FixedRsqrt")
"""Those whose operands are 16-bit numbers."""
ROOTS = {"dtype": DType("qint16", 2.0**-15), "factor": 300.0}
OWN = {"Quantize": QUANTISED, "Rescale": RESCALED, "FixedRsqrt": ROOTS}
OWN["FixedFunction"] = ROOTS | {"function": "tanh", "multiplier": 3, "shift": 0}
OWN |= dict.fromkeys(BYTES, RESCALED | {"mode": "mul"})
"""Those of an operator that needs others."""


def node_of(op: str, *inputs: np.ndarray) -> Node:
    names = {field.name for field in fields(ops.find(op).Attributes)}
    attrs = ops.attributes_of(
        op, {name: word for name, word in (WORDS | OWN.get(op, {})).items() if name in names}
    )
    operands = [value(x) for x in inputs]
    if op in (*BYTES, *SHORT):
        dtype = DType("qint8", 0.5, 1) if op in BYTES else DType("qint16", 2.0**-12)
        operands = [Value(v.name, TensorType(v.shape, dtype)) for v in operands]
    node = Node(op, "node", attrs, operands)
    node.outputs = [Value("y", type_, node) for type_ in ops.infer(node)]
    return node


def result(op: str, *inputs: np.ndarray) -> np.ndarray:
    return ops.evaluate(node_of(op, *inputs), list(inputs))[0]


def floats(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def operators_with(trait: str) -> list[str]:
    return [operator.name for operator in ops.operators() if getattr(operator, trait)]


@pytest.mark.parametrize("op", operators_with("elementwise"))
def test_what_works_element_by_element_works_in_front_of_a_transpose(op: str) -> None:
    wanted = signature(ops.find(op).operands)
    operands = [floats(3, 4, 5), floats(1, 4, 1)][: 2 if wanted.more else len(wanted.kinds)]
    kinds = {"Rescale": np.int32} | dict.fromkeys(SHORT, np.int16) | dict.fromkeys(BYTES, np.int8)
    if op in kinds:
        kind = kinds[op]
        operands = [(100 * x).clip(-128, 127).astype(kind) for x in operands]
    turned = result(op, *(x.transpose(2, 0, 1) for x in operands))
    np.testing.assert_array_equal(turned, result(op, *operands).transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("op", "shapes", "count"),
    [
        ("Convolution", [(2, 6, 5, 5), (9, 2, 3, 3)], 2 * 9 * 3 * 3 * 2 * 9),
        ("ConvBias", [(2, 6, 5, 5), (9, 2, 3, 3), (1, 9, 1, 1)], 2 * 9 * 3 * 3 * 2 * 9),
        ("MatrixMul", [(7, 3), (7, 5)], 3 * 5 * 7),
        ("BatchedMatrixMul", [(2, 7, 3), (2, 7, 5)], 2 * 3 * 5 * 7),
        ("Elemwise", [(3,), (3,)], 0),
    ],
)
def test_products_count_their_multiply_accumulates(
    op: str, shapes: list[tuple[int, ...]], count: int
) -> None:
    assert ops.find(op).macs(node_of(op, *(floats(*shape) for shape in shapes))) == count


def reshaped(op: str, **words: object) -> Node:
    attrs = ops.attributes_of(op, words)
    node = Node(op, "node", attrs, [value(floats(2, 1, 3)), value(np.array([2, 1, 3], np.int32))])
    node.inputs = node.inputs[: len(signature(ops.find(op).operands).kinds)]
    node.outputs = [Value("y", type_, node) for type_ in ops.infer(node)]
    return node


@pytest.mark.parametrize(
    ("op", "words", "same"),
    [
        ("Copy", {}, True),
        ("Reshape", {}, True),
        ("Broadcast", {}, True),
        ("AxisAddRemove", {"steps": (("remove", 1), ("add", 1))}, True),
        ("AxisAddRemove", {"steps": (("remove", 1),)}, False),
        ("Dimshuffle", {"pattern": (0, 1, 2)}, True),
        ("Dimshuffle", {"pattern": (2, 1, 0)}, False),
        ("TypeCvt", {"dtype": DType("float32")}, True),
        ("TypeCvt", {"dtype": DType("int32")}, False),
        ("Concat", {"axis": 1}, True),
        ("PowC", {"exponent": 2.0}, False),
    ],
)
def test_an_identity_is_told_from_its_node(op: str, words: dict[str, object], same: bool) -> None:
    node = reshaped(op, **words)
    assert ops.find(op).is_identity(node) is same
    x = node.inputs[0].const
    assert x is not None
    if same:
        np.testing.assert_array_equal(ops.evaluate(node, [v.const for v in node.inputs if v.is_const])[0], x)


@pytest.mark.parametrize("op", operators_with("reshapes"))
def test_reshapes_leave_the_order_of_numbers(op: str) -> None:
    node = reshaped(op, **({"steps": (("add", 0),)} if op == "AxisAddRemove" else {}))
    arrays = [v.const for v in node.inputs if v.const is not None]
    np.testing.assert_array_equal(ops.evaluate(node, arrays)[0].reshape(-1), arrays[0].reshape(-1))


@pytest.mark.parametrize(("mode", "selects"), [("max", True), ("average", False)])
def test_a_pooling_of_largest_numbers_selects_and_works_by_channels(mode: str, selects: bool) -> None:
    x = value(floats(1, 2, 4, 4))
    node = Node("Pooling", "pool", ops.attributes_of("Pooling", {"window": (2, 2), "mode": mode}), [x])
    node.outputs = [Value("y", type_, node) for type_ in ops.infer(node)]
    assert ops.find("Pooling").selects(node) is selects
    assert ops.find("Pooling").by_channels(node)


@pytest.mark.parametrize(("outs", "by_channels"), [(3, True), (6, False)])
def test_a_depthwise_convolution_works_by_channels(outs: int, by_channels: bool) -> None:
    node = node_of("ConvBias", floats(1, 3, 4, 4), floats(outs, 1, 3, 3))
    assert ops.find("ConvBias").by_channels(node) is by_channels
