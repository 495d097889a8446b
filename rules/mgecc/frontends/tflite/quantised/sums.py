"""Sums of several numbers in 32 bits, which are rescaled once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from mgecc.graph import Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.rescaled import TERM_BITS, RescaleAttrs, sum_factors

from ..rules import RULES as PLAIN
from . import Tensor, TensorBuilder, TfliteNode, plain_type, rescale, result_type, rule, stored


def _steps(t: TensorBuilder, x: Tensor) -> Tensor:
    """From the zero point, int32."""
    whole = t.cast(stored(t, x, plain_type(x.dtype)), INT32)
    return t.elemwise("sub", whole, t.like(whole, x.dtype.zero_point))


def _rescaled(node: TfliteNode, t: TensorBuilder, total: Tensor) -> Sequence[Tensor]:
    """Sums of steps as ADD has them: their terms, of one scale, count half of a step in 20 more bits.

    They begin with the zero point taken off once more, not with nothing.
    """
    x, y = node.operand(0).dtype, result_type(node)
    _, factor = sum_factors("add", x, x, y)
    begun = t.elemwise("sub", total, t.like(total, x.zero_point))
    fine = t.elemwise("mul", begun, t.like(total, 1 << (TERM_BITS["add"] - 1)))
    return [t.one("Rescale", RescaleAttrs(y, rescale((factor,), y)), fine, shape=total.shape)]


@rule("Rescale", "ADD_N")
def add_n(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Source: reference/add_n.h, micro/kernels/add_n.cc."""
    if len({x.dtype for x in node.given}) != 1:
        raise Unsupported("ADD_N of numbers with different scales is not supported")
    return _rescaled(
        node, t, reduce(lambda a, b: t.elemwise("add", a, b), [_steps(t, x) for x in node.given])
    )


@rule("Rescale", "CUMSUM")
def cumsum(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Source: reference/cumsum.h."""
    steps = _steps(t, node.operand(0))
    (sums,) = PLAIN.find(node.type).translate(node.with_operands([steps, *node.given[1:]]), t)
    return _rescaled(node, t, sums)
