"""Translation rules for operators whose data are quantised bytes, as TensorFlow Lite Micro computes them.

docs/quantisation.md has the formulas. An operator that has a rule in ``rules`` alone is refused for such data.
"""

from __future__ import annotations

import numpy as np

from mgecc.frontends.rules import Rules
from mgecc.frontends.tensors import Tensor, TensorBuilder
from mgecc.graph import DType, Unsupported
from mgecc.ops.quantize import round_half_away
from mgecc.ops.rescale import Rescale, Rounding
from mgecc.ops.type_cvt import BitCastAttrs

from ..constants import type_of
from ..node import TfliteNode
from ..rules import Translate

RULES: Rules[Translate] = Rules(__name__)
rule = RULES.rule

_LIMITS = {"RELU": (0.0, None), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "NONE": (None, None)}


def result_type(node: TfliteNode, most: int = 1) -> DType:
    """The type of the first result, which must be quantised numbers of that many bytes at most."""
    dtype = type_of(node.outputs[0])
    if not dtype.is_quantized or dtype.size > most or dtype.scale is None:
        raise Unsupported(f"quantised data make {node.outputs[0].type} numbers, which is not supported")
    check_zero(dtype)
    return dtype


def check_zero(dtype: DType) -> None:
    """Unsupported for 16-bit numbers with a zero point."""
    if dtype.size == 2 and dtype.zero_point:
        raise Unsupported(f"16-bit numbers with the zero point {dtype.zero_point} are not supported")


def scale(x: Tensor | DType) -> float:
    """Of quantised numbers with one scale."""
    dtype = x.dtype if isinstance(x, Tensor) else x
    check_zero(dtype)
    if dtype.scale is None:
        raise Unsupported(f"{dtype} data without a scale are not supported", "convert the model again")
    return dtype.scale


def rescale(
    factors: tuple[float, ...], y: DType, activation: str = "NONE", rounding: Rounding = "double"
) -> Rescale:
    """Sums times factors as numbers of type ``y``, clamped as a built-in activation says.

    Source: CalculateActivationRangeQuantized of kernel_util.cc.
    """
    if activation not in _LIMITS:
        raise Unsupported(f"the built-in activation {activation} is not supported for quantised data")
    (least, most), (low, high) = _LIMITS[activation], y.range
    low = low if least is None else max(low, _limit(least, y))
    high = high if most is None else min(high, _limit(most, y))
    return Rescale(rounding, factors, low, high)


def _limit(real: float, y: DType) -> int:
    return y.zero_point + int(round_half_away(np.float32(real) / np.float32(scale(y))))


def plain_type(dtype: DType) -> DType:
    """That of the stored numbers alone."""
    return DType(dtype.numpy.name)


def stored(t: TensorBuilder, x: Tensor, dtype: DType) -> Tensor:
    """The stored numbers as ones of another type."""
    if x.array is not None:
        return t.constant(x.array, dtype, x.value.name)
    return t.one("BitCast", BitCastAttrs(dtype), x, shape=x.shape)


__all__ = [
    "RULES", "Tensor", "TensorBuilder", "TfliteNode", "plain_type", "rescale", "result_type", "rule", "scale", "stored",
]  # fmt: skip
