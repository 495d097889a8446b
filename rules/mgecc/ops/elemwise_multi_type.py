"""Element-wise operators whose operands and result have different types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.graph.types import BOOL, FLOAT32, INT32
from mgecc.ops.counted import one_by_one
from mgecc.ops.elemwise import checked_mode, compute
from mgecc.ops.elemwise_modes import find_mode, rmulh
from mgecc.ops.known import broadcast_shape
from mgecc.ops.quantize import dequantize, quantize, saturate
from mgecc.ops.registry import Operator, operator

INT8, INT16 = DType("int8"), DType("int16")
_TO_BOOL = frozenset({"eq", "neq", "lt", "leq", "isnan", "isinf"})
_Function = Callable[[Sequence[np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class ElemwiseMultiTypeAttrs(Attributes):
    """What is computed, and the type of the result.

    Bools are results of comparisons, quantised types of the modes of ``elemwise_modes``, others of mixed arithmetic:
    mul, mul_add, round_shr (a shift to the right that rounds), and add_rmulh_round_shr (such a shift of ``rmulh``).
    """

    mode: str
    output_dtype: DType


@dataclass(frozen=True)
class _Mixed:
    """Arithmetic with operands of mixed types, and how many they may be."""

    function: _Function
    arity: tuple[int, ...]


_MIXED: dict[tuple[str, str], _Mixed] = {}


def _mixed(mode: str, dtype: DType, *arity: int) -> Callable[[_Function], _Function]:
    def register(function: _Function) -> _Function:
        _MIXED[mode, dtype.name] = _Mixed(function, arity)
        return function

    return register


def shift_right(x: np.ndarray, count: np.ndarray) -> np.ndarray:
    """x / 2^count rounded half away from zero."""
    wide, bits = x.astype(np.int64), np.clip(count.astype(np.int64), 0, 62)
    mask = (np.int64(1) << bits) - 1
    return np.asarray((wide >> bits) + ((wide & mask) > (mask >> 1) + (wide < 0)))


@_mixed("mul_add", INT32, 3)
def _multiply_add(operands: Sequence[np.ndarray]) -> np.ndarray:
    x, y, z = (a.astype(np.int32) for a in operands)
    return x * y + z


@_mixed("mul_add", FLOAT32, 3)
def _float_multiply_add(operands: Sequence[np.ndarray]) -> np.ndarray:
    x, y, z = (a.astype(np.float32) for a in operands)
    return x * y + z


@_mixed("mul_add", INT8, 3)
def _multiply_add_round(operands: Sequence[np.ndarray]) -> np.ndarray:
    real = np.rint(_float_multiply_add(operands))
    # What is not a number becomes the smallest, as in MegEngine.
    return saturate(np.where(real >= INT8.range[0], real, INT8.range[0]), INT8)


@_mixed("mul", FLOAT32, 2)
def _integer_multiply(operands: Sequence[np.ndarray]) -> np.ndarray:
    return np.asarray(operands[0].astype(np.float32) * operands[1])


@_mixed("round_shr", INT8, 2)
def _shift_to_8(operands: Sequence[np.ndarray]) -> np.ndarray:
    return saturate(shift_right(*operands), INT8)


@_mixed("round_shr", INT16, 2)
def _shift_to_16(operands: Sequence[np.ndarray]) -> np.ndarray:
    return saturate(shift_right(*operands), INT16)


@_mixed("add_rmulh_round_shr", INT8, 4, 6)
def _scale_to_8(operands: Sequence[np.ndarray]) -> np.ndarray:
    """x, bias, multiplier, shift and, if given, the smallest and largest result."""
    x, bias, factor, count, *limits = operands
    result = saturate(shift_right(rmulh(x + bias, factor), count), INT8)
    return np.maximum(np.minimum(result, limits[1]), limits[0]) if limits else result


def _real(x: np.ndarray, dtype: DType) -> np.ndarray:
    return dequantize(x, dtype) if dtype.is_quantized else x


def _check(node: Node) -> None:
    """Unsupported unless there is such a mode, of as many operands."""
    attrs = node.attributes(ElemwiseMultiTypeAttrs)
    mixed = _MIXED.get((attrs.mode, attrs.output_dtype.name))
    if mixed is None and attrs.output_dtype != BOOL and not attrs.output_dtype.is_quantized:
        raise Unsupported(f"no element-wise mode {attrs.mode} gives {attrs.output_dtype} numbers")
    if mixed is None:
        checked_mode(node, attrs.mode)
    elif len(node.inputs) not in mixed.arity:
        raise Unsupported(f"the mode {attrs.mode} does not have {len(node.inputs)} operands")
    if attrs.output_dtype == BOOL and attrs.mode not in _TO_BOOL:
        raise Unsupported(f"the element-wise mode {attrs.mode} compares nothing")


@operator("ElemwiseMultiType")
class ElemwiseMultiType(Operator):
    """Comparisons with bool result, mixed integer arithmetic, and quantised data by its real values."""

    Attributes = ElemwiseMultiTypeAttrs
    operands = "any+"
    limits = "modes of the file format; any shapes that broadcast"
    halves = "stored"
    elementwise = True

    counted = staticmethod(one_by_one)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        _check(node)
        dtype = node.attributes(ElemwiseMultiTypeAttrs).output_dtype
        return [TensorType(broadcast_shape([v.shape for v in node.inputs]), dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(ElemwiseMultiTypeAttrs)
        with np.errstate(all="ignore"):
            mixed = _MIXED.get((attrs.mode, attrs.output_dtype.name))
            if mixed is not None:
                return [mixed.function(inputs)]
            real = [_real(x, v.type.dtype) for x, v in zip(inputs, node.inputs)]
            if attrs.output_dtype == BOOL:
                return [find_mode(attrs.mode).function(*real) != 0]
            return [quantize(compute(find_mode(attrs.mode), real), node.output.type.dtype)]
