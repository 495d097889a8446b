"""Activations: those with a mode of their own, and those that keep their precision near zero as ``expm1`` does."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.frontends import compose
from mgecc.graph import Unsupported
from mgecc.ops.normalization import SoftmaxAttrs

from . import OnnxNode, Tensor, TensorBuilder, rule

_MODES = {
    "HardSwish": "h_swish", "Relu": "relu", "Sigmoid": "sigmoid", "Softplus": "softplus", "Tanh": "tanh",
}  # fmt: skip
for _name, _mode in _MODES.items():
    rule("Elemwise", _name)(compose.unary(_mode))


@rule("Elemwise", "PRelu")
def parametric_relu(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """One slope for all, for each channel (as old files say it), or broadcast."""
    x, slope = node.operand(0), node.operand(1)
    if slope.rank == 1 and x.rank > 2 and slope.elements == x.shape[1] != x.shape[-1]:
        slope = t.reshape(slope, (slope.elements, *[1] * (x.rank - 2)))
    return [_leaky(t, x, slope)]


@rule("Elemwise", "LeakyRelu")
def leaky_relu(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    return [_leaky(t, x, t.like(x, node.get("alpha", 0.01)))]


def _leaky(t: TensorBuilder, x: Tensor, slope: Tensor) -> Tensor:
    if x.dtype.is_float:
        return t.elemwise("prelu", x, slope)
    return t.where(t.compare("lt", x, t.like(x, 0)), t.elemwise("mul", x, slope), x)


@rule("Elemwise", "Elu")
def elu(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [_exponential(t, node.operand(0), node.get("alpha", 1.0), 1.0)]


@rule("Elemwise", "Celu")
def celu(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    alpha = node.get("alpha", 1.0)
    return [_exponential(t, node.operand(0), alpha, alpha)]


@rule("Elemwise", "Selu")
def selu(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, gamma = node.operand(0), node.get("gamma", 1.05070102214813232421875)
    y = _exponential(t, x, node.get("alpha", 1.67326319217681884765625), 1.0)
    return [t.elemwise("mul", y, t.like(x, gamma))]


def _exponential(t: TensorBuilder, x: Tensor, alpha: float, width: float) -> Tensor:
    """x above 0, alpha (exp(x / width) - 1) below."""
    below = t.elemwise("min", x, t.like(x, 0))
    if width != 1.0:
        below = t.elemwise("true_div", below, t.like(x, width))
    bent = t.elemwise("mul", t.elemwise("expm1", below), t.like(x, alpha))
    return t.elemwise("add", t.elemwise("relu", x), bent)


@rule("Elemwise", "Gelu")
def gelu(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, form = node.operand(0), node.get("approximate", "none")
    if form == "none":
        return [t.elemwise("gelu", x)]
    if form != "tanh":
        raise Unsupported(f"Gelu by {form!r} does not exist", "say none or tanh")
    # x (1 + tanh u) / 2 is x sigmoid(2 u).
    cube = t.elemwise("mul", t.elemwise("mul", x, x), t.like(x, 0.044715))
    u = t.elemwise("mul", t.elemwise("mul", x, t.like(x, 2 * 0.7978845608028654)), _plus_one(t, cube))
    return [t.elemwise("mul", x, t.elemwise("sigmoid", u))]


def _plus_one(t: TensorBuilder, x: Tensor) -> Tensor:
    return t.elemwise("add", x, t.like(x, 1))


@rule("Elemwise", "Swish")
def swish(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, alpha = node.operand(0), node.get("alpha", 1.0)
    if alpha == 1.0:
        return [t.elemwise("silu", x)]
    return [t.elemwise("mul", x, t.elemwise("sigmoid", t.elemwise("mul", x, t.like(x, alpha))))]


@rule("Softmax", "Softmax")
def softmax(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Of halves step by step: the standard's reference rounds exponentials, their sum and the quotient."""
    x, axis = node.operand(0), node.get("axis", -1)
    if x.dtype.name == "float16":
        return [compose.softmax(t, x, axis)]
    return [t.one("Softmax", SoftmaxAttrs(axis), x, dtype=x.dtype)]


@rule("Elemwise", "LogSoftmax")
def log_softmax(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [compose.log_softmax(t, node.operand(0), node.get("axis", -1))]
