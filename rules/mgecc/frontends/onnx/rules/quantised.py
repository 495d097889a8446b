"""Quantised numbers. QLinear operators and products of integers become integer nodes; what stands between
DequantizeLinear and QuantizeLinear is left to the pass fuse-dequantised.

Integers stay plain integers between operators. What computes with their zero points reads the same bits as a quantised
type.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from mgecc.frontends.compose import check_table
from mgecc.graph import DType, Unsupported
from mgecc.graph.types import FLOAT32, INT32
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.dequantize import DequantizeAttrs
from mgecc.ops.known import axis_of
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.quantize_op import QuantizeAttrs
from mgecc.ops.rescale import Rescale
from mgecc.ops.type_cvt import BitCastAttrs, TypeCvtAttrs

from ..dtypes import dtype_of
from ..windows import flat, window_of
from . import OnnxNode, Tensor, TensorBuilder, rule
from .convolution import high, low, numbers

_BYTES = {"int8": "qint8", "uint8": "quint8"}
_STORED = {**_BYTES, "int16": "qint16"}


def _number(x: Tensor | None, default: float = 0.0) -> float | None:
    """The only number of a known tensor; None of one with several, or one that is not known."""
    if x is None:
        return default
    return None if x.array is None or x.elements != 1 else float(x.array.reshape(-1)[0])


def _known_number(x: Tensor | None, what: str) -> float:
    found = _number(x)
    if found is None:
        raise Unsupported(
            f"{what} that is not one known number is not supported", "quantise the tensor as a whole"
        )
    return found


def _typed(t: TensorBuilder, x: Tensor, scale: float | None, zero: float) -> Tensor:
    """The bits of bytes as numbers of a quantised type."""
    if x.dtype.name not in _STORED:
        raise Unsupported(
            f"quantised numbers of type {x.dtype} are not supported", "quantise to int8 or uint8"
        )
    dtype = DType(_STORED[x.dtype.name], scale, int(zero))
    before = x.value.producer
    if before is not None and before.op == "BitCast" and before.inputs[0].type.dtype == dtype:
        return Tensor(before.inputs[0], x.shape, dtype)
    return t.one("BitCast", BitCastAttrs(dtype), x, dtype=dtype, shape=x.shape)


def _plain(t: TensorBuilder, x: Tensor) -> Tensor:
    """The bits of quantised numbers as plain integers."""
    dtype = DType(x.dtype.numpy.name)
    return t.one("BitCast", BitCastAttrs(dtype), x, dtype=dtype, shape=x.shape)


# Between real numbers and integers


def _along(node: OnnxNode, t: TensorBuilder, x: Tensor, parameter: Tensor) -> Tensor:
    """A scale or zero point for each part of an axis or each block of it, so that it broadcasts to ``x``."""
    if parameter.elements == 1:
        return t.reshape(parameter, ())
    axis, block = axis_of(node.get("axis", 1), x.rank), node.get("block_size", 0)
    if not block:
        return t.reshape(parameter, [n if k == axis else 1 for k, n in enumerate(x.shape)])
    check_table(parameter.elements, block)
    repeated = np.repeat(parameter.known, block, axis)
    return t.constant(np.take(repeated, range(x.shape[axis]), axis), parameter.dtype)


def _result_type(node: OnnxNode, zero: Tensor | None) -> DType:
    if zero is not None:
        return zero.dtype
    stated = node.get("output_dtype", 0)
    return dtype_of(stated) if stated else DType("uint8")


@rule("Quantize", "QuantizeLinear")
def quantize_linear(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """saturate(round(x / scale) + zero point), halves to even."""
    x, scale, zero = node.operand(0), node.operand(1), node.optional(2)
    dtype, unit = _result_type(node, zero), _number(scale)
    if x.dtype != FLOAT32 or scale.dtype != FLOAT32:
        raise Unsupported(f"{x.dtype} numbers by {scale.dtype} scales cannot be quantised", "use float32")
    if unit is None or _number(zero) is None or dtype.name not in _STORED:
        return [_quantised(t, x, _along(node, t, x, scale), zero and _along(node, t, x, zero), dtype)]
    attrs = QuantizeAttrs(DType(_STORED[dtype.name], unit, int(_number(zero) or 0)))
    return [_plain(t, t.one("Quantize", attrs, x, shape=x.shape))]


def _quantised(t: TensorBuilder, x: Tensor, scale: Tensor, zero: Tensor | None, dtype: DType) -> Tensor:
    """By scales that are computed, or several."""
    if dtype.size > 2 or dtype.is_float:
        raise Unsupported(f"numbers cannot be quantised to {dtype}", "quantise to int8 or uint8")
    units = t.elemwise("round_even", t.elemwise("true_div", x, scale))
    if zero is not None:
        units = t.elemwise("add", units, t.cast(zero, FLOAT32))
    least, most = (t.like(units, end) for end in dtype.range)
    return t.cast(t.elemwise("min", t.elemwise("max", units, least), most), dtype)


@rule("Dequantize", "DequantizeLinear")
def dequantize_linear(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """(x - zero point) * scale."""
    x, scale, zero = node.operand(0), node.operand(1), node.optional(2)
    unit, least = _number(scale), _number(zero)
    if scale.dtype != FLOAT32:
        raise Unsupported(f"scales of type {scale.dtype} are not supported", "use float32")
    if x.rank and x.array is not None and not node.get("block_size", 0) and scale.array is not None:
        return [_known(node, t, x, scale, zero)]
    if unit is not None and least is not None and x.dtype.name in _STORED:
        return [
            t.one("TypeCvt", TypeCvtAttrs(FLOAT32), _typed(t, x, unit, least), dtype=FLOAT32, shape=x.shape)
        ]
    real = t.cast(x, FLOAT32)
    if zero is not None:
        real = t.elemwise("sub", real, t.cast(_along(node, t, x, zero), FLOAT32))
    return [t.elemwise("mul", real, _along(node, t, x, scale))]


def _known(node: OnnxNode, t: TensorBuilder, x: Tensor, scale: Tensor, zero: Tensor | None) -> Tensor:
    """Weights: the node stays, so that a product may read their integers."""
    zeros = np.zeros(1, np.int64) if zero is None else zero.known.reshape(-1).astype(np.int64)
    axis = axis_of(node.get("axis", 1), x.rank) if scale.elements > 1 else 0
    attrs = DequantizeAttrs(tuple(map(float, scale.known.reshape(-1))), tuple(map(int, zeros)), axis)
    return t.kept("Dequantize", attrs, x)


# Products


def _factors(x: float, w: np.ndarray, y: float) -> tuple[float, ...]:
    """What sums are multiplied by, in single precision."""
    with np.errstate(all="ignore"):
        found = np.float32(x) * w.reshape(-1).astype(np.float32) / np.float32(y)
    return tuple(map(float, found))


def _weights(t: TensorBuilder, w: Tensor, zero: Tensor | None, axis: int) -> Tensor:
    """Weights from their zero point: bytes with sign if they fit, with one zero point if not."""
    if w.array is None:
        return _typed(t, w, None, _known_number(zero, "a zero point of computed numbers"))
    zeros = np.zeros(1, np.int64) if zero is None else zero.known.reshape(-1).astype(np.int64)
    shape = [-1 if k == axis else 1 for k in range(w.rank)]
    steps = w.array.astype(np.int64) - (zeros.reshape(shape) if zeros.size > 1 else zeros.reshape(()))
    if steps.size and not (-128 <= steps.min() and steps.max() <= 127):
        return _typed(t, w, None, _known_number(zero, "a zero point of weights that do not fit int8"))
    return t.constant(steps.astype(np.int8), DType("qint8"), w.value.name)


def _result(node: OnnxNode, position: int) -> DType:
    scale, zero = node.operand(position), node.operand(position + 1)
    if zero.dtype.name not in _BYTES:
        raise Unsupported(f"results of type {zero.dtype} are not supported", "quantise to int8 or uint8")
    unit = _known_number(scale, "a scale of the result")
    return DType(_BYTES[zero.dtype.name], unit, int(_known_number(zero, "a zero point of the result")))


@rule("ConvBias", "QLinearConv")
def qlinear_conv(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Sums in integers, multiplied by the ratio of the scales; halves to even."""
    unit = _known_number(node.operand(1), "a scale of the data")
    x = _typed(t, node.operand(0), unit, _known_number(node.operand(2), "a zero point of the data"))
    w, scales, y = _weights(t, node.operand(3), node.optional(5), 0), node.operand(4).known, _result(node, 6)
    by = Rescale("half_even", _factors(unit, scales, float(y.scale or 1)), *y.range)
    return [_plain(t, _convolved(node, t, x, w, node.optional(8), output_dtype=y, rescale=by))]


def _convolved(
    node: OnnxNode, t: TensorBuilder, x: Tensor, w: Tensor, bias: Tensor | None, **more: DType | Rescale
) -> Tensor:
    window = window_of(node, x.shape[2:], w.shape[2:])
    if x.rank > 4:
        raise Unsupported("quantised convolutions over three axes are not supported")
    attrs = ConvBiasAttrs(**numbers(node, flat(window)), **more)  # type: ignore[arg-type]
    terms = [] if bias is None else [t.reshape(bias, (1, bias.elements, 1, 1))]
    made = t.one("ConvBias", attrs, high(t, x), high(t, w), *terms)
    return low(t, made, x.rank)


@rule("ConvBias", "ConvInteger")
def conv_integer(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = _typed(t, node.operand(0), 1.0, _known_number(node.optional(2), "a zero point of the data"))
    w = _weights(t, node.operand(1), node.optional(3), 0)
    return [_whole(t, _convolved(node, t, x, w, None))]


def _whole(t: TensorBuilder, sums: Tensor) -> Tensor:
    """Sums of products as int32."""
    return t.one("BitCast", BitCastAttrs(INT32), sums, dtype=INT32, shape=sums.shape)


def _product(t: TensorBuilder, a: Tensor, b: Tensor, **more: DType | Rescale) -> Tensor:
    """The product of (..., m, k) and (..., k, n)."""
    attrs = MatrixMulAttrs(**more)  # type: ignore[arg-type]
    shape = (*a.shape[:-1], b.shape[-1])
    if b.rank == 2:
        rows = t.reshape(a, (prod(a.shape[:-1]), a.shape[-1]))
        return t.reshape(t.one("MatrixMul", attrs, rows, b), shape)
    if a.shape[:-2] != b.shape[:-2]:
        raise Unsupported(
            f"products of {list(a.shape)} and {list(b.shape)} are not supported", "expand the batches"
        )
    stacked = [t.reshape(x, (prod(x.shape[:-2]), *x.shape[-2:])) for x in (a, b)]
    return t.reshape(t.one("BatchedMatrixMul", attrs, *stacked), shape)


@rule("MatrixMul", "QLinearMatMul")
def qlinear_matmul(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Scales and zero points of b may be by column."""
    unit = _known_number(node.operand(1), "a scale of the left operand")
    a = _typed(t, node.operand(0), unit, _known_number(node.operand(2), "a zero point of the left operand"))
    b, scales, y = node.operand(3), node.operand(4).known, _result(node, 6)
    columns = _weights(t, b, node.optional(5), b.rank - 1)
    by = Rescale("half_even", _factors(unit, scales, float(y.scale or 1)), *y.range)
    return [_plain(t, _product(t, a, columns, output_dtype=y, rescale=by))]


def _with_sign(t: TensorBuilder, x: Tensor, zero: float) -> Tensor:
    """Bytes as ones with sign, which products with packed weights read."""
    if x.dtype.name != "uint8":
        return _typed(t, x, 1.0, zero)
    flipped = t.elemwise("bit_xor", x, t.like(x, 128))
    dtype = DType("qint8", 1.0, int(zero) - 128)
    return t.one("BitCast", BitCastAttrs(dtype), flipped, dtype=dtype, shape=x.shape)


def _sums(t: TensorBuilder, a: Tensor, zero: float, b: Tensor, b_zero: Tensor | None) -> Tensor:
    """Sums of products of numbers from their zero points, (..., m, n)."""
    columns = _weights(t, b, b_zero, b.rank - 1)
    if columns.array is None or b.rank != 2:
        return _whole(t, _product(t, _typed(t, a, 1.0, zero), columns))
    x = _with_sign(t, a, zero)
    if columns.dtype.name == "qint8":
        return _whole(t, _product(t, x, columns))
    # Weights lose 128 to fit their type. A column of ones sums the rows, to which what is left is proportional.
    ones = np.ones((b.shape[0], 1), np.int8)
    halved = (columns.known.astype(np.int16) - 128).astype(np.int8)
    both = t.constant(np.concatenate([halved, ones], 1), DType("qint8"), b.value.name)
    made, n = _whole(t, _product(t, x, both)), b.shape[1]
    sums, rows = (t.slice(made, {-1: span}) for span in ((0, n, 1), (n, n + 1, 1)))
    return t.elemwise("sub", sums, t.elemwise("mul", rows, t.like(rows, columns.dtype.zero_point - 128)))


@rule("MatrixMul", "MatMulInteger")
def matmul_integer(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """A zero point that is computed comes off behind the product, times the sums of the columns."""
    a, b, zero = node.operand(0), node.operand(1), node.optional(2)
    known = _number(zero)
    sums = _sums(t, a, known or 0, b, node.optional(3))
    if known is not None or zero is None:
        return [sums]
    if b.array is None or zero.elements != 1:
        raise Unsupported("a computed zero point beside a computed operand is not supported")
    least = node.optional(3)
    zeros = np.zeros(1, np.int64) if least is None else least.known.reshape(-1).astype(np.int64)
    totals = t.constant((b.array.astype(np.int64) - zeros).sum(axis=-2).astype(np.int32), INT32)
    off = t.elemwise("mul", t.cast(t.reshape(zero, ()), INT32), totals)
    return [
        t.elemwise("sub", sums, off if off.rank <= 1 else t.reshape(off, (*off.shape[:-1], 1, off.shape[-1])))
    ]


@rule("Quantize", "DynamicQuantizeLinear")
def dynamic_quantize_linear(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """To uint8 by a scale and a zero point of the data's own, so that 0 is one of the steps."""
    x = node.operand(0)
    zero, axes = t.like(x, 0.0), range(x.rank)
    least, most = (t.elemwise(mode, t.reduce(mode, x, axes, keep=False), zero) for mode in ("min", "max"))
    scale = t.elemwise("true_div", t.elemwise("sub", most, least), t.like(x, 255.0))
    point = t.elemwise("sub", zero, t.elemwise("true_div", least, scale))
    point = t.elemwise("min", t.elemwise("max", point, zero), t.like(x, 255.0))
    stored = t.cast(t.elemwise("round_even", point), DType("uint8"))
    return [_quantised(t, x, scale, stored, DType("uint8")), scale, stored]
