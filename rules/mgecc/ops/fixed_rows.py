"""Rows of quantised bytes that are normalised in fixed point, as TensorFlow Lite Micro's reference kernels do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.ops.fixed_functions import inverse_roots, log_of_sum
from mgecc.ops.registry import Operator, operator
from mgecc.ops.rescale import fixed_point, multiply, shift_right
from mgecc.ops.rescaled import FixedSoftmax, FixedSoftmaxAttrs, from_zero, powers_table, softmax_factor

LOG_BITS = 31 - 5 - 4
"""Bits by which differences are finer than results, which count 1/16."""
_MOST = ((1 << 29) - 1) // 255**2
_SEVEN = 7  # results count 2^-7


def log_softmax_numbers(factor: float) -> tuple[int, int, int, int, int]:
    """Multiplier and shift of differences, the least that counts, and multiplier and shift of what undoes these.

    Source: PreprocessLogSoftmaxScalingExp of kernels/internal/quantization_util.cc.
    """
    multiplier, shift, least = softmax_factor(factor)
    (back,), (down,) = fixed_point([2.0 ** (31 - shift) / multiplier])
    return multiplier, shift, least, int(back), int(down)


@operator("FixedLogSoftmax")
class FixedLogSoftmax(FixedSoftmax):
    """LOG_SOFTMAX over the last axis; results count 1/16 below the highest stored number.

    Source: LogSoftmaxQuantized of reference/log_softmax.h.
    """

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs, x = node.attributes(FixedSoftmaxAttrs), inputs[0].astype(np.int64)
        multiplier, shift, least, back, down = log_softmax_numbers(attrs.factor)
        difference = x - x.max(axis=-1, keepdims=True)
        powers = powers_table(attrs.factor).astype(np.int64)[-difference]
        log = log_of_sum(shift_right(powers, 12).sum(axis=-1, keepdims=True))
        ends = np.maximum(least - 1, multiply(log - (1 << 31), back, down, "double"))
        low, high = attrs.dtype.range
        fixed = multiply(difference, multiplier, shift, "double")
        found = np.clip(shift_right(fixed - log, LOG_BITS) + high, low, high)
        return [np.where(difference > ends, found, low)]


@dataclass(frozen=True)
class FixedL2NormAttrs(Attributes):
    """``dtype``: of the result, whose numbers count 1/128."""

    dtype: DType


@operator("FixedL2Norm")
class FixedL2Norm(Operator):
    """L2_NORMALIZATION of rows along the last axis. Source: reference/integer_ops/l2normalization.h."""

    Attributes = FixedL2NormAttrs
    operands = "number"
    limits = f"quantised bytes; at most {_MOST} numbers along the last axis"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, dtype = node.inputs[0].type, node.attributes(FixedL2NormAttrs).dtype
        if x.dtype.name not in ("qint8", "quint8") or dtype.name != "qint8":
            raise Unsupported(f"{x} is not normalised to {dtype} numbers")
        if not 0 < x.shape[-1] <= _MOST:
            raise Unsupported(f"squares of {x.shape[-1]} numbers have no place for their sum")
        return [x.with_dtype(dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x = from_zero(inputs[0], node.inputs[0].type.dtype)
        squares = (x * x).sum(axis=-1, keepdims=True)
        multipliers, shifts = inverse_roots(squares)
        return [np.clip(multiply(x, multipliers, shifts + _SEVEN, "double"), -128, 127)]
