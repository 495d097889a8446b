"""Numbers computed element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

from mgecc.frontends.compose import comparison, unary
from mgecc.graph import Unsupported

from ..activations import activated, clipped
from ..constants import dtype_of
from . import Tensor, TensorBuilder, TfliteNode, rule

_Translate = Callable[[TfliteNode, TensorBuilder], Sequence[Tensor]]

_ONE = {
    "ABS": "abs", "CEIL": "ceil", "COS": "cos", "EXP": "exp", "FLOOR": "floor", "LOG": "log", "LOGICAL_NOT": "not",
    "LOGISTIC": "sigmoid", "NEG": "negate", "RELU": "relu", "RELU6": "relu6", "SIGN": "sign", "SIN": "sin",
    "SQRT": "sqrt", "SQUARE": "square", "TANH": "tanh", "HARD_SWISH": "h_swish", "ROUND": "round_even",
}  # fmt: skip
_TWO = {
    "ADD": "add", "SUB": "sub", "MUL": "mul", "DIV": "true_div", "MAXIMUM": "max", "MINIMUM": "min", "POW": "pow",
    "LOGICAL_AND": "and", "LOGICAL_OR": "or", "FLOOR_DIV": "floor_div", "ATAN2": "atan2",
}  # fmt: skip
_COMPARED = {
    "EQUAL": ("eq", False), "NOT_EQUAL": ("neq", False), "LESS": ("lt", False), "LESS_EQUAL": ("leq", False),
    "GREATER": ("lt", True), "GREATER_EQUAL": ("leq", True),
}  # fmt: skip


def _binary(mode: str) -> _Translate:
    def translate(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
        y = t.elemwise(mode, node.operand(0), node.operand(1))
        return [activated(t, y, node.get("fused_activation_function", "NONE"))]

    return translate


for _type, _mode in _ONE.items():
    rule("Elemwise", _type)(unary(_mode))
for _type, _mode in _TWO.items():
    rule("Elemwise", _type)(_binary(_mode))
for _type, (_mode, _swapped) in _COMPARED.items():
    rule("ElemwiseMultiType", _type)(comparison(_mode, _swapped))


@rule("Elemwise", "FLOOR_MOD")
def floor_mod(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The remainder has the sign of the divisor."""
    x, y = node.operand(0), node.operand(1)
    return [t.elemwise("floor_mod" if x.dtype.is_float else "mod", x, y)]


@rule("Elemwise", "ADD_N")
def add_n(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [reduce(lambda x, y: t.elemwise("add", x, y), node.given)]


@rule("Elemwise", "SQUARED_DIFFERENCE")
def squared_difference(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.elemwise("square", t.elemwise("sub", node.operand(0), node.operand(1)))]


@rule("PowC", "RSQRT")
def rsqrt(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    return [t.elemwise("true_div", t.like(x, 1), t.elemwise("sqrt", x))]


@rule("Elemwise", "RELU_N1_TO_1")
def relu_n1_to_1(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [clipped(t, node.operand(0), -1, 1)]


@rule("Elemwise", "RELU_0_TO_1")
def relu_0_to_1(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [clipped(t, node.operand(0), 0, 1)]


@rule("Elemwise", "PRELU")
def prelu(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.elemwise("prelu", node.operand(0), node.operand(1))]


@rule("Elemwise", "LEAKY_RELU")
def leaky_relu(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    return [t.elemwise("prelu", x, t.like(x, node.require("alpha")))]


@rule("Elemwise", "ELU")
def elu(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    below = t.elemwise("expm1", t.elemwise("min", x, t.like(x, 0)))
    return [t.elemwise("add", t.elemwise("relu", x), below)]


@rule("Elemwise", "GELU")
def gelu(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The approximation by tanh is Hendrycks and Gimpel's (Gaussian Error Linear Units, 2016)."""
    x = node.operand(0)
    if not node.get("approximate"):
        return [t.elemwise("gelu", x)]
    cube = t.elemwise("mul", t.elemwise("square", x), t.elemwise("mul", x, t.like(x, 0.044715)))
    inner = t.elemwise("mul", t.elemwise("add", x, cube), t.like(x, float(np.sqrt(2 / np.pi))))
    half = t.elemwise("mul", x, t.like(x, 0.5))
    return [t.elemwise("mul_add", half, t.elemwise("tanh", inner), half)]


@rule("TypeCvt", "CAST", "DEQUANTIZE")
def cast(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Half-precision constants of weights become float32."""
    if node.type == "DEQUANTIZE" and not node.operand(0).dtype.is_float:
        raise Unsupported("quantised activations are not supported")
    return [t.cast(node.operand(0), dtype_of(node.outputs[0]))]


@rule("Identity", "DENSIFY")
def densify(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Sparse constants are dense when they are read."""
    return [node.operand(0)]


@rule("Where", "SELECT", "SELECT_V2")
def select(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    mask, x, y = (node.operand(k) for k in range(3))
    if node.type == "SELECT" and mask.rank == 1 and x.rank > 1:  # chooses whole rows
        mask = t.reshape(mask, (*mask.shape, *[1] * (x.rank - 1)))
    return [t.where(mask, x, y)]
