"""Conversion between element types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported, Value
from mgecc.ops import shape_arithmetic
from mgecc.ops.counted import one_by_one
from mgecc.ops.known import keeps_type
from mgecc.ops.quantize import dequantize, requantize
from mgecc.ops.registry import Operator, operator
from mgecc.ops.saturating import stored
from mgecc.ops.spans import BITS, Span, span_of, within


@dataclass(frozen=True)
class TypeCvtAttrs(Attributes):
    """``dtype``: of the result."""

    dtype: DType


@dataclass(frozen=True)
class BitCastAttrs(Attributes):
    """``dtype``: of the result, as wide as that of the operand."""

    dtype: DType


@operator("TypeCvt")
class TypeCvt(Operator):
    """To ``dtype``: floats to integers truncate and saturate, integers to integers wrap, bool is x != 0."""

    Attributes = TypeCvtAttrs
    operands = "any"
    limits = (
        "no bfloat16, no complex numbers; "
        "floats beyond an integer type saturate (MegEngine on x86-64 wraps int8, uint8, int16)"
    )
    halves = "stored"
    elementwise = True

    counted = staticmethod(one_by_one)
    is_identity = staticmethod(keeps_type)

    @classmethod
    def of_sizes(cls, node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return shape_arithmetic.converted(inputs[0], node.attributes(TypeCvtAttrs).dtype)

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        span = span_of(node.inputs[0], depth)
        if value.type.dtype.is_float:
            return span if span == BITS else None
        return within(span, value)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [node.inputs[0].type.with_dtype(node.attributes(TypeCvtAttrs).dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, source, target = inputs[0], node.inputs[0].type.dtype, node.attributes(TypeCvtAttrs).dtype
        if source == target:
            return [x]
        if source.is_quantized and target.is_quantized:
            return [requantize(x, source, target)]
        if source.is_quantized:
            return [stored(dequantize(x, source), target)]
        if source.is_float or target.is_quantized or target.name == "bool":
            return [stored(x, target)]
        return [x.astype(target.numpy)]


@operator("BitCast")
class BitCast(Operator):
    """The same bits, read as numbers of another type."""

    Attributes = BitCastAttrs
    operands = "any"
    limits = "types of one size"

    counted = staticmethod(one_by_one)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        source, target = node.inputs[0].type.dtype, node.attributes(BitCastAttrs).dtype
        if source.size != target.size:
            raise Unsupported(f"the bits of {source} numbers make no {target} ones")
        return [node.inputs[0].type.with_dtype(target)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [inputs[0].view(node.attributes(BitCastAttrs).dtype.numpy)]
