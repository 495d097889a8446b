"""Numbers computed element by element: sums and products in fixed point, functions as tables of 256 results."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mgecc.graph import DType, Unsupported
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import FLOAT32
from mgecc.ops import fixed_functions as fixed
from mgecc.ops.fixed_division import FixedDivisionAttrs
from mgecc.ops.quantize_op import QuantizeAttrs
from mgecc.ops.rescaled import Mode, RescaleAttrs, RescaledArithmeticAttrs, sum_factors

from . import Tensor, TensorBuilder, TfliteNode, rescale, result_type, rule, scale

_Translate = Callable[[TfliteNode, TensorBuilder], Sequence[Tensor]]
_Table = Callable[[DType, DType], np.ndarray]
_MODES: dict[str, Mode] = {
    "ADD": "add", "SUB": "sub", "MUL": "mul", "SQUARED_DIFFERENCE": "squared_difference",
}  # fmt: skip
_TABLES: dict[str, _Table] = {
    "LOGISTIC": fixed.logistic_table,
    "TANH": fixed.tanh_table,
    "HARD_SWISH": fixed.hard_swish_table,
    "ABS": fixed.abs_table,
    "RSQRT": fixed.rsqrt_table,
    "ELU": lambda x, y: fixed.real_table(x, y, fixed.elu),
}


def _arithmetic(mode: Mode) -> _Translate:
    def translate(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
        a, b, y = node.operand(0), node.operand(1), result_type(node)
        terms, factor = sum_factors(mode, a.dtype, b.dtype, y)
        by = rescale((factor,), y, node.get("fused_activation_function", "NONE"))
        return [t.one("RescaledArithmetic", RescaledArithmeticAttrs(mode, y, by, terms), a, b)]

    return translate


def _looked_up(node: TfliteNode, t: TensorBuilder, make: _Table) -> Tensor:
    x, y = node.operand(0), result_type(node)
    scale(x)
    return t.one("Lookup8", NoAttrs(), x, t.constant(make(x.dtype, y), y), shape=x.shape)


def _function(make: _Table) -> _Translate:
    return lambda node, t: [_looked_up(node, t, make)]


for _type, _mode in _MODES.items():
    rule("RescaledArithmetic", _type)(_arithmetic(_mode))
for _type, _make in _TABLES.items():
    rule("Lookup8", _type)(_function(_make))


@rule("FixedDivision", "DIV")
def div(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The factor is computed in single precision. Source: CalculateOpDataDiv of micro/kernels/div.cc."""
    a, b, y = node.operand(0), node.operand(1), result_type(node)
    factor = np.float32(scale(a)) / (np.float32(scale(b)) * np.float32(scale(y)))
    by = rescale((float(factor),), y, node.get("fused_activation_function", "NONE"))
    return [t.one("FixedDivision", FixedDivisionAttrs(y, by), a, b)]


@rule("Lookup8", "LEAKY_RELU")
def leaky_relu(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [_looked_up(node, t, lambda x, y: fixed.leaky_relu_table(x, y, node.require("alpha")))]


@rule("Rescale", "RELU", "RELU6")
def relu(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """RELU6 of TensorFlow Lite Micro leaves the scale as it is, that of TensorFlow Lite does not."""
    x, y = node.operand(0), result_type(node)
    if node.type == "RELU6" and x.dtype != y:
        raise Unsupported(f"RELU6 of {x.dtype} numbers as {y} is not the same in all runtimes")
    return [rescaled(t, x, y, node.type)]


@rule("Quantize", "QUANTIZE")
def quantize(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Of real numbers, or of bytes with another scale."""
    x, y = node.operand(0), result_type(node)
    if x.dtype.is_float:
        return [t.one("Quantize", QuantizeAttrs(y, "half_away"), x, shape=x.shape)]
    return [rescaled(t, x, y)]


@rule("TypeCvt", "DEQUANTIZE")
def dequantize(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    scale(node.operand(0))
    return [t.cast(node.operand(0), FLOAT32)]


def rescaled(t: TensorBuilder, x: Tensor, y: DType, activation: str = "NONE") -> Tensor:
    """Bytes as numbers of type ``y``."""
    by = rescale((scale(x) / scale(y),), y, activation)
    return t.one("Rescale", RescaleAttrs(y, by), x, shape=x.shape)
