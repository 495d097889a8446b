"""Chains of element-wise operators as one operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported, Value
from mgecc.graph.types import FLOAT32
from mgecc.ops.counted import one_by_one
from mgecc.ops.registry import Operator, find, operator

Typed = tuple[np.ndarray, Value]


def _operand(sub: Any, typed: Sequence[Typed]) -> Typed:
    """A leaf's or a sub-expression's numbers, with a value that has their type."""
    if isinstance(sub, int):
        return typed[sub]
    if isinstance(sub, float):
        number, dtype = np.array([sub], np.float32), typed[0][1].type.dtype
        kind = TensorType((1,), dtype if dtype.is_float else FLOAT32)
        return number, Value("number", kind, const=number)
    return _compute(sub, typed)


def _compute(expr: tuple[Any, ...], typed: Sequence[Typed]) -> Typed:
    name, *rest = expr
    if name == "POWC":
        operands, made = [_operand(rest[0], typed)], ("PowC", {"exp": rest[1]})
    else:
        operands, made = [_operand(sub, typed) for sub in rest], ("Elemwise", {"mode": name})
    node = Node(made[0], "part", {**made[1], "output_dtype": None}, [v for _, v in operands])
    rule = find(node.op)
    node.outputs = [Value("part", t, node) for t in rule.infer(node)]
    numbers = rule.evaluate(node, [x for x, _ in operands])[0]
    return np.asarray(numbers, node.output.type.dtype.numpy), node.output


@operator("FusedElemwise")
class FusedElemwise(Operator):
    """attrs['expr'] is (mode, operand, ...), each operand an input's position (int), a number (float) or another tuple.

    Modes are those of Elemwise, and ("POWC", operand, exponent). Float and integer data without quantisation; all
    inputs have one element type, which every intermediate result and the result keep.
    """

    limits = "at most six operands and sixteen steps"
    halves = "stored"

    counted = staticmethod(one_by_one)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        if any(v.type.dtype.is_quantized for v in node.inputs):
            raise Unsupported(
                "chains of quantised element-wise operators round after every step", "do not fuse them"
            )
        typed = [(np.zeros((1,) * v.type.rank, v.type.dtype.numpy), v) for v in node.inputs]
        return [_infer(node.attrs["expr"], typed).type]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [_compute(node.attrs["expr"], list(zip(inputs, node.inputs)))[0]]


def _infer(expr: tuple[Any, ...], typed: Sequence[Typed]) -> Value:
    """A value of the type of the expression."""
    name, *rest = expr
    if name == "POWC":
        operands, op, attrs = [rest[0]], "PowC", {"exp": rest[1]}
    else:
        operands, op, attrs = rest, "Elemwise", {"mode": name, "output_dtype": None}
    values = [_infer(x, typed) if isinstance(x, tuple) else _operand(x, typed)[1] for x in operands]
    return Value("part", find(op).infer(Node(op, "part", attrs, values))[0])
