"""Comparisons and choices of quantised numbers."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.graph import Unsupported
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import INT32
from mgecc.ops import fixed_functions as fixed
from mgecc.ops.rescaled import RescaledArithmeticAttrs, sum_factors

from ..rules import RULES as PLAIN
from . import Tensor, TensorBuilder, TfliteNode, plain_type, rescale, result_type, rule, scale, stored
from .elemwise import by_sign, rescaled

_COMPARED = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
_STORED = {
    "Elemwise": ("MAXIMUM", "MINIMUM"),
    "Where": ("SELECT_V2", "SELECT"),
    "Reduce": ("REDUCE_MAX", "REDUCE_MIN"),
    "Padding": ("PADV2",),
}


def on_stored(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """By stored numbers, whose order is that of the real ones; all have one scale."""
    types = {x.dtype for x in node.given if x.dtype.is_quantized}
    if len(types) != 1:
        raise Unsupported(f"{node.type} of {' and '.join(sorted(map(str, types)))} numbers is not supported")
    (dtype,) = types
    if dtype.scale is None:
        raise Unsupported(f"{dtype} data without a scale are not supported", "convert the model again")
    plain = plain_type(dtype)
    given = [stored(t, x, plain) if x.dtype.is_quantized else x for x in node.given]
    return [stored(t, y, dtype) for y in PLAIN.find(node.type).translate(node.with_operands(given), t)]


def compared(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """By numbers of 1/256, rounded: a table for each operand."""
    given = [t.one("Lookup8", NoAttrs(), x, _units(t, x), dtype=INT32, shape=x.shape) for x in node.given]
    return PLAIN.find(node.type).translate(node.with_operands(given), t)


def _units(t: TensorBuilder, x: Tensor) -> Tensor:
    if x.dtype.name != "qint8" or not scale(x) < 1:
        raise Unsupported(f"comparisons of {x.dtype} numbers are not supported")
    return t.constant(fixed.comparison_table(x.dtype), INT32)


for _operator, _types in _STORED.items():
    for _type in _types:
        rule(_operator, _type)(on_stored)
for _type in _COMPARED:
    rule("Lookup8", _type)(compared)


@rule("RescaledArithmetic", "PRELU")
def prelu(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Numbers below zero times the slope, others as they are. Source: reference/prelu.h."""
    x, slope, y = node.operand(0), node.operand(1), result_type(node)
    terms, factor = sum_factors("mul", x.dtype, slope.dtype, y)
    attrs = RescaledArithmeticAttrs("mul", y, rescale((factor,), y), terms)
    return [by_sign(t, x, t.one("RescaledArithmetic", attrs, x, slope), rescaled(t, x, y))]
