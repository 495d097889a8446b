"""Quantised operators of ONNX Runtime's own (com.microsoft), which its quantiser writes: real ones between conversions.

The pass fuse-dequantised makes integer nodes of them, as of pairs of QuantizeLinear and DequantizeLinear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mgecc.graph import Unsupported

from . import RULES, OnnxNode, Tensor, TensorBuilder, Translate, rule

OWN = "com.microsoft."
_OF_ONE = {
    "QLinearSigmoid": "Sigmoid", "QLinearLeakyRelu": "LeakyRelu", "QLinearAveragePool": "AveragePool",
    "QLinearGlobalAveragePool": "GlobalAveragePool", "QLinearSoftmax": "Softmax",
}  # fmt: skip
_OF_TWO = {"QLinearAdd": "Add", "QLinearMul": "Mul"}


def _standard(t: TensorBuilder, op: str, *operands: Tensor | None, **attrs: Any) -> Tensor:
    """The result of an operator of the standard."""
    (made, *_) = RULES.find(op).translate(OnnxNode(op, operands, attrs, ("y",)), t)
    if not isinstance(made, Tensor):
        raise Unsupported(f"its {op} gives no tensor")
    return made


def _real(node: OnnxNode, t: TensorBuilder, first: int) -> Tensor:
    """What an operand with its scale and zero point stands for."""
    given = node.operand(first), node.operand(first + 1), node.optional(first + 2)
    return _standard(t, "DequantizeLinear", *given)


def _stored(node: OnnxNode, t: TensorBuilder, y: Tensor, first: int) -> Tensor:
    return _standard(t, "QuantizeLinear", y, node.operand(first), node.optional(first + 1))


def _check_layout(node: OnnxNode) -> None:
    if node.get("channels_last", 0):
        raise Unsupported(f"{node.op} with channels last is not supported", "quantise without optimisations")


def _of(op: str, count: int) -> Translate:
    """The rule of an operator of ``count`` operands, each with a scale and a zero point."""

    def translate(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
        _check_layout(node)
        y = _standard(t, op, *(_real(node, t, 3 * k) for k in range(count)), **node.attrs)
        return [_stored(node, t, y, 3 * count)]

    return translate


for _count, _names in ((1, _OF_ONE), (2, _OF_TWO)):
    for _name, _op in _names.items():
        rule("Quantize", OWN + _name)(_of(_op, _count))


@rule("Quantize", OWN + "QLinearConcat")
def qlinear_concat(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The result's scale and zero point come first."""
    parts = [_real(node, t, first) for first in range(2, len(node.operands), 3)]
    return [_stored(node, t, _standard(t, "Concat", *parts, axis=node.require("axis")), 0)]


@rule("Quantize", OWN + "QGemm")
def qgemm(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The bias counts what products of the operands count; without a scale of the result it stays real."""
    a, b, bias = _real(node, t, 0), _columns(node, t), node.optional(6)
    if bias is not None:
        unit = t.elemwise("mul", node.operand(1), node.operand(4))
        bias = _standard(t, "DequantizeLinear", bias, unit, axis=bias.rank - 1)
    y = _standard(t, "Gemm", a, b, bias, **node.attrs)
    return [y if node.optional(7) is None else _stored(node, t, y, 7)]


def _columns(node: OnnxNode, t: TensorBuilder) -> Tensor:
    """The right operand, whose scales may be by column."""
    axis = 0 if node.get("transB", 0) else 1
    given = node.operand(3), node.operand(4), node.optional(5)
    return _standard(t, "DequantizeLinear", *given, axis=axis)
