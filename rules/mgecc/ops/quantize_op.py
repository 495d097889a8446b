"""Quantize: from real numbers to stored ones, as TensorFlow Lite and ONNX have it. (MegEngine's is TypeCvt.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.ops.counted import one_by_one
from mgecc.ops.quantize import round_half_away, saturate, scale_of
from mgecc.ops.registry import Operator, operator


@dataclass(frozen=True)
class QuantizeAttrs(Attributes):
    """``dtype``: of the result, with its scale and zero point. ``ties``: where halves go."""

    dtype: DType
    ties: Literal["half_even", "half_away"] = "half_even"


@operator("Quantize")
class Quantize(Operator):
    """clamp(round(x / scale) + zero point): a division in single precision, halves to even (ONNX) or away from zero.

    Sources: QuantizeLinear of the ONNX standard; AffineQuantize of TensorFlow Lite's reference/quantize.h.
    NaN gives the zero point.
    """

    Attributes = QuantizeAttrs
    operands = "float"
    limits = "float32 to quantised integers of 8 and 16 bits"
    elementwise = True

    counted = staticmethod(one_by_one)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, attrs = node.inputs[0].type, node.attributes(QuantizeAttrs)
        scale = scale_of(attrs.dtype)
        if not attrs.dtype.is_quantized or attrs.dtype.size > 2 or not 0 < scale < np.inf:
            raise Unsupported(f"real numbers cannot be quantised to {attrs.dtype}")
        return [x.with_dtype(attrs.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(QuantizeAttrs)
        with np.errstate(all="ignore"):
            units = inputs[0].astype(np.float32) / scale_of(attrs.dtype)
        whole = np.rint(units) if attrs.ties == "half_even" else round_half_away(units)
        return [saturate(whole.astype(np.float64) + attrs.dtype.zero_point, attrs.dtype)]
