"""Chains of element-wise operators as one operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported, Value
from mgecc.graph.types import FLOAT32
from mgecc.ops.counted import one_by_one
from mgecc.ops.elemwise import ElemwiseAttrs, PowCAttrs
from mgecc.ops.registry import Expression, Operator, find, operator

Typed = tuple[np.ndarray, Value]


@dataclass(frozen=True)
class FusedElemwiseAttrs(Attributes):
    """``expr``: (mode, operand, ...), an operand being an input's position, a float, or another such tuple.

    Modes are those of Elemwise, and ("powc", operand, exponent).
    """

    expr: Expression = field(repr=False)


def _operand(sub: Any, typed: Sequence[Typed]) -> Typed:
    """A leaf's or a sub-expression's numbers, with a value that has their type."""
    if isinstance(sub, int):
        return typed[sub]
    if isinstance(sub, float):
        number, dtype = np.array([sub], np.float32), typed[0][1].type.dtype
        kind = TensorType((1,), dtype if dtype.is_float else FLOAT32)
        return number, Value("number", kind, const=number)
    return _compute(sub, typed)


def _step(expr: Expression) -> tuple[str, Attributes, tuple[Any, ...]]:
    """Operator, attributes and operands of the outermost step."""
    name, *rest = expr
    if name == "powc":
        return "PowC", PowCAttrs(rest[1]), (rest[0],)
    return "Elemwise", ElemwiseAttrs(name), tuple(rest)


def _compute(expr: Expression, typed: Sequence[Typed]) -> Typed:
    op, attrs, subs = _step(expr)
    operands = [_operand(sub, typed) for sub in subs]
    node = Node(op, "part", attrs, [v for _, v in operands])
    rule = find(node.op)
    node.outputs = [Value("part", t, node) for t in rule.infer(node)]
    numbers = rule.evaluate(node, [x for x, _ in operands])[0]
    return np.asarray(numbers, node.output.type.dtype.numpy), node.output


@operator("FusedElemwise")
class FusedElemwise(Operator):
    """Float and integer data without quantisation.

    All inputs have one element type, which every intermediate result and the result keep.
    """

    Attributes = FusedElemwiseAttrs
    limits = "at most six operands and sixteen steps"
    halves = "stored"
    narrowed = True

    counted = staticmethod(one_by_one)

    @staticmethod
    def expression(node: Node) -> Expression:
        return node.attributes(FusedElemwiseAttrs).expr

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        if any(v.type.dtype.is_quantized for v in node.inputs):
            raise Unsupported(
                "chains of quantised element-wise operators round after every step", "do not fuse them"
            )
        typed = [(np.zeros((1,) * v.type.rank, v.type.dtype.numpy), v) for v in node.inputs]
        return [_infer(node.attributes(FusedElemwiseAttrs).expr, typed).type]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [_compute(node.attributes(FusedElemwiseAttrs).expr, list(zip(inputs, node.inputs)))[0]]


def _infer(expr: Expression, typed: Sequence[Typed]) -> Value:
    """A value of the type of the expression."""
    op, attrs, subs = _step(expr)
    values = [_infer(x, typed) if isinstance(x, tuple) else _operand(x, typed)[1] for x in subs]
    return Value("part", find(op).infer(Node(op, "part", attrs, values))[0])
