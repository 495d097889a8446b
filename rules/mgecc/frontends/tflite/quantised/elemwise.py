"""Numbers computed element by element: sums and products in fixed point, functions of bytes as tables of 256."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from mgecc.graph import DType, Unsupported
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import FLOAT32, INT32
from mgecc.ops import fixed_functions as fixed
from mgecc.ops.fixed_division import FixedDivisionAttrs
from mgecc.ops.fixed_short import FixedFunctionAttrs, FixedRsqrtAttrs, gate_factor
from mgecc.ops.quantize_op import QuantizeAttrs
from mgecc.ops.rescaled import Mode, RescaleAttrs, RescaledArithmeticAttrs, sum_factors

from . import Tensor, TensorBuilder, TfliteNode, plain_type, rescale, result_type, rule, scale, stored

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
        a, b, y = node.operand(0), node.operand(1), result_type(node, 2)
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


def _of_any_size(of_bytes: _Translate, of_short: _Translate) -> _Translate:
    return lambda node, t: (of_short if node.operand(0).dtype.size == 2 else of_bytes)(node, t)


def _gate(name: Literal["logistic", "tanh"], powers: Sequence[int]) -> _Translate:
    """Of 16-bit numbers; ``powers``: of two, times 2^-12, that scales may be without loss."""

    def translate(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
        x, y = node.operand(0), result_type(node, 2)
        if y.scale != 2.0**-15:
            raise Unsupported(f"{node.type} gives {y}, not multiples of 2^-15", "convert the model again")
        attrs = FixedFunctionAttrs(name, y, *gate_factor(scale(x), powers))
        return [t.one("FixedFunction", attrs, x, shape=x.shape)]

    return translate


def _abs(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Of 16-bit numbers."""
    x, y = node.operand(0), result_type(node, 2)
    sizes = t.elemwise("abs", t.cast(stored(t, x, plain_type(x.dtype)), INT32))
    attrs = RescaleAttrs(y, rescale((_ratio(x.dtype, y),), y))
    return [t.one("Rescale", attrs, sizes, shape=x.shape)]


def _rsqrt(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Of 16-bit numbers."""
    x, y = node.operand(0), result_type(node, 2)
    scale(x)
    return [t.one("FixedRsqrt", FixedRsqrtAttrs(y, fixed.rsqrt_factor(x.dtype, y)), x, shape=x.shape)]


_OF_SHORT: dict[str, _Translate] = {
    "ABS": _abs, "LOGISTIC": _gate("logistic", [0]), "RSQRT": _rsqrt, "TANH": _gate("tanh", [0, 1]),
}  # fmt: skip
for _type, _mode in _MODES.items():
    rule("RescaledArithmetic", _type)(_arithmetic(_mode))
for _type, _make in _TABLES.items():
    _of_bytes = _function(_make)
    rule("Lookup8", _type)(_of_any_size(_of_bytes, _OF_SHORT.get(_type, _of_bytes)))


@rule("FixedDivision", "DIV")
def div(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The factor is computed in single precision. Source: CalculateOpDataDiv of micro/kernels/div.cc."""
    a, b, y = node.operand(0), node.operand(1), result_type(node)
    factor = np.float32(scale(a)) / (np.float32(scale(b)) * np.float32(scale(y)))
    by = rescale((float(factor),), y, node.get("fused_activation_function", "NONE"))
    return [t.one("FixedDivision", FixedDivisionAttrs(y, by), a, b)]


@rule("Lookup8", "LEAKY_RELU")
def leaky_relu(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Bytes from a table, 16-bit numbers by one factor below zero and another above. Source: reference/leaky_relu.h."""
    x, alpha = node.operand(0), np.float32(node.require("alpha"))
    if x.dtype.size == 1:
        return [_looked_up(node, t, lambda x, y: fixed.leaky_relu_table(x, y, float(alpha)))]
    y = result_type(node, 2)
    falling = rescaled(t, x, y, factor=scale(x) * abs(float(alpha)) / scale(y))
    if alpha < 0:
        falling = _negated(t, falling)
    return [by_sign(t, x, falling, rescaled(t, x, y, factor=_ratio(x.dtype, y)))]


def _negated(t: TensorBuilder, x: Tensor) -> Tensor:
    """Of 16-bit numbers; the largest for the smallest."""
    plain = stored(t, x, plain_type(x.dtype))
    turned = t.elemwise("negate", t.elemwise("max", plain, t.like(plain, -x.dtype.range[1])))
    return stored(t, turned, x.dtype)


def by_sign(t: TensorBuilder, x: Tensor, falling: Tensor, rising: Tensor) -> Tensor:
    """``falling`` where ``x`` is below its zero point, ``rising`` elsewhere; both have one type."""
    dtype = rising.dtype
    stated, below = stored(t, x, plain_type(x.dtype)), x.dtype.zero_point
    mask = t.compare("lt", stated, t.like(stated, below))
    return stored(
        t, t.where(mask, *(stored(t, part, plain_type(dtype)) for part in (falling, rising))), dtype
    )


@rule("Rescale", "RELU", "RELU6")
def relu(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """RELU6 of TensorFlow Lite Micro leaves the scale as it is, that of TensorFlow Lite does not."""
    x, y = node.operand(0), result_type(node, 2)
    if node.type == "RELU6" and x.dtype != y:
        raise Unsupported(f"RELU6 of {x.dtype} numbers as {y} is not the same in all runtimes")
    return [rescaled(t, x, y, node.type, _ratio(x.dtype, y))]


@rule("Quantize", "QUANTIZE")
def quantize(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Of real numbers, or of stored ones with another scale."""
    x, y = node.operand(0), result_type(node, 2)
    if x.dtype.is_float:
        return [t.one("Quantize", QuantizeAttrs(y, "half_away"), x, shape=x.shape)]
    return [rescaled(t, x, y)]


@rule("TypeCvt", "DEQUANTIZE")
def dequantize(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    scale(node.operand(0))
    return [t.cast(node.operand(0), FLOAT32)]


def _ratio(x: DType, y: DType) -> float:
    """Of the scales, in single precision."""
    return scale(x) / scale(y)


def rescaled(
    t: TensorBuilder, x: Tensor, y: DType, activation: str = "NONE", factor: float | None = None
) -> Tensor:
    """Stored numbers as numbers of type ``y``; ``factor``: where it is not the ratio in double precision."""
    by = rescale((scale(x) / scale(y) if factor is None else factor,), y, activation)
    return t.one("Rescale", RescaleAttrs(y, by), x, shape=x.shape)
