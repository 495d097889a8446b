"""Numbers computed element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

from mgecc.frontends.compose import comparison, unary
from mgecc.graph import Unsupported

from ..dtypes import dtype_of
from . import OnnxNode, Tensor, TensorBuilder, Translate, rule

_ONE = {
    "Abs": "abs", "Acos": "acos", "Acosh": "acosh", "Asin": "asin", "Asinh": "asinh", "Atanh": "atanh",
    "Ceil": "ceil", "Cos": "cos", "Cosh": "cosh", "Erf": "erf", "Exp": "exp", "Floor": "floor", "Log": "log",
    "Neg": "negate", "Not": "not", "Round": "round_even", "Sign": "sign", "Sin": "sin", "Sinh": "sinh",
    "Sqrt": "sqrt", "Tan": "tan",
}  # fmt: skip
_TWO = {"Add": "add", "Sub": "sub", "Mul": "mul", "And": "and", "Or": "or", "Xor": "xor"}
_COMPARED = {"Equal": ("eq", False), "Less": ("lt", False), "LessOrEqual": ("leq", False)}
_COMPARED |= {"Greater": ("lt", True), "GreaterOrEqual": ("leq", True)}
_FOLDED = {"Max": "max", "Min": "min", "Sum": "add"}


def binary(mode: str) -> Translate:
    """The rule of two operands and no attributes."""
    return lambda node, t: [t.elemwise(mode, node.operand(0), node.operand(1))]


def _folded(mode: str) -> Callable[[OnnxNode, TensorBuilder], Sequence[Tensor]]:
    return lambda node, t: [reduce(lambda x, y: t.elemwise(mode, x, y), node.given)]


for _name, _mode in _ONE.items():
    rule("Elemwise", _name)(unary(_mode))
for _name, _mode in _TWO.items():
    rule("Elemwise", _name)(binary(_mode))
for _name, (_mode, _turned) in _COMPARED.items():
    rule("ElemwiseMultiType", _name)(comparison(_mode, _turned))
for _name, _mode in _FOLDED.items():
    rule("Elemwise", _name)(_folded(_mode))


@rule("Elemwise", "Mean")
def mean(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    total = reduce(lambda x, y: t.elemwise("add", x, y), node.given)
    return [t.elemwise("true_div", total, t.like(total, len(node.given)))]


@rule("Elemwise", "Reciprocal")
def reciprocal(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    return [t.elemwise("true_div", t.like(x, 1), x)]


@rule("Elemwise", "Atan")
def arc_tangent(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    return [t.elemwise("atan2", x, t.like(x, 1))]


@rule("Elemwise", "Pow")
def power(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """In the type of the base, of integers by a float through floats; a constant exponent is an attribute."""
    x, y = node.operand(0), node.operand(1)
    if not x.dtype.is_float:
        if y.dtype.is_float:
            return [t.cast(t.elemwise("pow", t.cast(x, y.dtype), y), x.dtype)]
        return [t.elemwise("pow", x, t.cast(y, x.dtype))]
    if y.array is not None and y.elements == 1 and y.rank <= x.rank:
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
    """Dropout in inference keeps everything, as its mask says."""
    training, x = node.optional(2), node.operand(0)
    if training is not None and (training.array is None or bool(training.array.reshape(-1)[0])):
        raise Unsupported("dropout in training mode is not supported", "export the model in evaluation mode")
    return [x, t.broadcast(t.constant(np.array(True)), x.shape)] if node.wants(1) else [x]


@rule("TypeCvt", "Cast")
def cast(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.cast(node.operand(0), dtype_of(node.require("to")))]


@rule("TypeCvt", "CastLike")
def cast_like(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.cast(node.operand(0), node.operand(1).dtype)]


@rule("Where", "Where")
def where(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.where(node.operand(0), node.operand(1), node.operand(2))]


@rule("ElemwiseMultiType", "IsNaN")
def is_nan(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.compare("isnan", node.operand(0))]


@rule("ElemwiseMultiType", "IsInf")
def is_infinite(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Infinities of both signs, of one, or of none."""
    x = node.operand(0)
    signs = [s for s, name in ((1, "detect_positive"), (-1, "detect_negative")) if node.get(name, 1)]
    if len(signs) == 2:
        return [t.compare("isinf", x)]
    if not signs:
        return [t.broadcast(t.constant(np.array(False)), x.shape)]
    return [t.compare("eq", x, t.like(x, signs[0] * np.inf))]
