"""Quotients of quantised bytes in fixed point, as TensorFlow Lite's reference kernels compute them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.ops.counted import one_by_one
from mgecc.ops.fixed_functions import bit_length, reciprocal, steps_of
from mgecc.ops.known import broadcast_shape
from mgecc.ops.registry import Operator, operator
from mgecc.ops.rescale import Integers, Rescale, high_product, shift_right
from mgecc.ops.rescaled import check_bytes, from_zero

MOST_SHIFT = 22
"""Quotients move down by the leading sign bits of a dividend, which are so many at least."""


@dataclass(frozen=True)
class FixedDivisionAttrs(Attributes):
    """``rescale``: of quotients of stored numbers, each from its zero point; its rounding is the only one there is."""

    dtype: DType
    rescale: Rescale


def reciprocal_table(divisor: DType) -> np.ndarray:
    """[256][reciprocal, bits]: 2^31 / |d|, times a power of two, of all bytes read without sign; int32.

    Source: GetReciprocal of kernels/internal/common.h. Of zero, which has none, it is the largest number.
    """
    found = np.empty((256, 2), np.int32)
    for place, step in enumerate(np.abs(steps_of(divisor)).tolist()):
        bits = max(step.bit_length() - 1, 0)
        part = np.asarray(np.int64(max(step, 1) << (31 - bits)) - (1 << 31))
        found[place] = int(reciprocal(part)), bits
    return found


def _sign_bits(x: Integers) -> Integers:
    """Bits below the highest that equal it."""
    return 31 - bit_length(np.where(x < 0, ~x, x))


@operator("FixedDivision")
class FixedDivision(Operator):
    """DIV of two tensors that broadcast. Source: DivElementwise of reference/div.h."""

    Attributes = FixedDivisionAttrs
    operands = "number number"
    limits = "quantised bytes"
    elementwise = True

    counted = staticmethod(one_by_one)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        attrs = node.attributes(FixedDivisionAttrs)
        check_bytes(node)
        attrs.rescale.check(1, attrs.dtype)
        if attrs.rescale.fixed[1][0] > MOST_SHIFT or attrs.rescale.rounding != "double":
            raise Unsupported(f"quotients times {attrs.rescale} are not computed in 32 bits")
        return [TensorType(broadcast_shape([v.shape for v in node.inputs]), attrs.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, (first, second) = node.attributes(FixedDivisionAttrs), (v.type.dtype for v in node.inputs)
        a, b = from_zero(inputs[0], first), from_zero(inputs[1], second)
        a = np.where(b < 0, -a, a)
        inverses = reciprocal_table(second).astype(np.int64)[inputs[1].view(np.uint8)]
        (multiplier,), (shift,) = attrs.rescale.fixed
        up = _sign_bits(a)
        quotient = high_product(high_product(a << up, inverses[..., 0]), multiplier)
        found = shift_right(quotient, np.minimum(inverses[..., 1] + up - shift, 40)) + attrs.dtype.zero_point
        return [np.clip(found, attrs.rescale.low, attrs.rescale.high).astype(attrs.dtype.numpy)]
