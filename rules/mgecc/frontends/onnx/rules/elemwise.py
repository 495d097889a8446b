"""Numbers computed element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from mgecc.graph import Unsupported

from ..dtypes import dtype_of
from . import OnnxNode, Tensor, TensorBuilder, rule

_ONE = {
    "Abs": "abs", "Acos": "acos", "Acosh": "acosh", "Asin": "asin", "Asinh": "asinh", "Atanh": "atanh",
    "Ceil": "ceil", "Cos": "cos", "Cosh": "cosh", "Erf": "erf", "Exp": "exp", "Floor": "floor", "Log": "log",
    "Neg": "negate", "Relu": "relu", "Sigmoid": "sigmoid", "Sign": "sign", "Sin": "sin", "Sinh": "sinh",
    "Softplus": "softplus", "Sqrt": "sqrt", "Tan": "tan", "Tanh": "tanh", "Not": "not",
}  # fmt: skip
_TWO = {"Add": "add", "Sub": "sub", "Mul": "mul", "And": "and", "Or": "or", "Xor": "xor", "PRelu": "prelu"}
_COMPARED = {"Equal": ("eq", False), "Less": ("lt", False), "LessOrEqual": ("leq", False)}
_COMPARED |= {"Greater": ("lt", True), "GreaterOrEqual": ("leq", True)}
_FOLDED = {"Max": "max", "Min": "min", "Sum": "add"}


def _register() -> None:
    for name, mode in _ONE.items():
        rule("Elemwise", name)(_unary(mode))
    for name, mode in _TWO.items():
        rule("Elemwise", name)(_binary(mode))
    for name, (mode, turned) in _COMPARED.items():
        rule("ElemwiseMultiType", name)(_comparison(mode, turned))
    for name, mode in _FOLDED.items():
        rule("Elemwise", name)(_variadic(mode))


def _unary(mode: str) -> Callable[[OnnxNode, TensorBuilder], Sequence[Tensor]]:
    return lambda node, t: [t.elemwise(mode, node.operand(0))]


def _binary(mode: str) -> Callable[[OnnxNode, TensorBuilder], Sequence[Tensor]]:
    return lambda node, t: [t.elemwise(mode, node.operand(0), node.operand(1))]


def _comparison(mode: str, turned: bool) -> Callable[[OnnxNode, TensorBuilder], Sequence[Tensor]]:
    a, b = (1, 0) if turned else (0, 1)
    return lambda node, t: [t.compare(mode, node.operand(a), node.operand(b))]


def _variadic(mode: str) -> Callable[[OnnxNode, TensorBuilder], Sequence[Tensor]]:
    return lambda node, t: [reduce(lambda x, y: t.elemwise(mode, x, y), node.given)]


_register()


@rule("Elemwise", "Div")
def div(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, y = node.operand(0), node.operand(1)
    if not x.dtype.is_float:
        raise Unsupported("the division of integers is not supported")
    return [t.elemwise("true_div", x, y)]


@rule("Elemwise", "Pow")
def power(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The exponent may have another type; a constant one is a power of its own."""
    x, y = node.operand(0), node.operand(1)
    if x.dtype.is_float and y.array is not None and y.elements == 1 and y.rank <= x.rank:
        return [t.power(x, float(y.array.reshape(-1)[0]))]
    return [t.elemwise("pow", x, t.cast(y, x.dtype))]


@rule("Elemwise", "Clip")
def clip(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The upper bound holds where the two cross."""
    x, low, high = node.operand(0), node.optional(1), node.optional(2)
    if low is not None:
        x = t.elemwise("max", x, low)
    return [x if high is None else t.elemwise("min", x, high)]


@rule("Identity", "Identity", "Dropout")
def identity(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Dropout in inference; its mask is asked for by nobody."""
    node.refuse(1, "the mask of dropout")
    training = node.optional(2)
    if training is not None and (training.array is None or bool(training.array.reshape(-1)[0])):
        raise Unsupported("dropout in training mode is not supported", "export the model in evaluation mode")
    return [node.operand(0)]


@rule("TypeCvt", "Cast")
def cast(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.cast(node.operand(0), dtype_of(node.require("to")))]


@rule("Where", "Where")
def where(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.where(node.operand(0), node.operand(1), node.operand(2))]


@rule("Elemwise", "LeakyRelu")
def leaky_relu(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    return [t.elemwise("prelu", x, t.like(x, node.get("alpha", 0.01)))]
