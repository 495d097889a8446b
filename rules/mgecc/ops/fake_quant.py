"""Quantisation simulated in floating point, as left in models trained for it but not converted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.ops.arithmetic import stretches
from mgecc.ops.counted import one_by_one
from mgecc.ops.elementary import exp2
from mgecc.ops.quantize import round_half_away
from mgecc.ops.registry import Operator, operator


@dataclass(frozen=True)
class FakeQuantAttrs(Attributes):
    """The smallest and the largest of the whole numbers that are simulated."""

    qmin: int
    qmax: int


def _infer(node: Node) -> list[TensorType]:
    x = node.inputs[0].type
    for value in node.inputs[1:]:
        if not stretches(value.shape, x.shape):
            raise Unsupported(f"a scale of shape {list(value.shape)} does not stretch to {list(x.shape)}")
    return [x]


def _clip(node: Node, x: np.ndarray) -> np.ndarray:
    attrs = node.attributes(FakeQuantAttrs)
    return np.asarray(np.clip(x, np.float32(attrs.qmin), np.float32(attrs.qmax)))


@operator("FakeQuant")
class FakeQuant(Operator):
    """(clip(round(x / scale) + zero, qmin, qmax) - zero) scale."""

    Attributes = FakeQuantAttrs
    operands = "float float float"
    limits = "float32 or float16; scale and zero point of one shape"

    counted = staticmethod(one_by_one)

    infer = staticmethod(_infer)

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, scale, zero = (a.astype(np.float32) for a in inputs)
        return [(_clip(node, round_half_away(x / scale) + zero) - zero) * scale]


@operator("LSQ")
class LSQ(Operator):
    """(round(clip(x / scale + zero, qmin, qmax)) - zero) scale; the fourth input serves training alone."""

    Attributes = FakeQuantAttrs
    operands = "float float float float?"
    limits = "float32 or float16; scale and zero point of one shape"

    infer = staticmethod(_infer)

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, scale, zero = (a.astype(np.float32) for a in inputs[:3])
        return [(round_half_away(_clip(node, x / scale + zero)) - zero) * scale]


@operator("TQT")
class TQT(Operator):
    """clip(round(x / s), qmin, qmax) s with s = 2^scale."""

    Attributes = FakeQuantAttrs
    operands = "float float"
    limits = "float32 or float16; scales of one shape"

    infer = staticmethod(_infer)

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, power = (a.astype(np.float32) for a in inputs[:2])
        scale = exp2(power)
        return [_clip(node, round_half_away(x / scale)) * scale]
