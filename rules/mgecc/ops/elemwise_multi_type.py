"""Element-wise operators whose operands and result have different types."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mgecc.graph import DType, Node, TensorType, Unsupported
from mgecc.graph.types import BOOL, FLOAT32, INT32
from mgecc.ops.counted import one_by_one
from mgecc.ops.elemwise import checked_mode, compute
from mgecc.ops.elemwise_modes import find_mode, rmulh
from mgecc.ops.known import broadcast_shape
from mgecc.ops.quantize import dequantize, quantize, saturate
from mgecc.ops.registry import Operator, operator

INT8, INT16 = DType("int8"), DType("int16")
_TO_BOOL = frozenset({"EQ", "NEQ", "LT", "LEQ", "ISNAN", "ISINF"})
_Function = Callable[[Sequence[np.ndarray]], np.ndarray]
_MIXED: dict[str, tuple[DType, _Function]] = {}


def _mixed(dtype: DType, *names: str) -> Callable[[_Function], _Function]:
    def register(function: _Function) -> _Function:
        _MIXED.update(dict.fromkeys(names, (dtype, function)))
        return function

    return register


def shift_right(x: np.ndarray, count: np.ndarray) -> np.ndarray:
    """x / 2^count rounded half away from zero."""
    wide, bits = x.astype(np.int64), np.clip(count.astype(np.int64), 0, 62)
    mask = (np.int64(1) << bits) - 1
    return (wide >> bits) + ((wide & mask) > (mask >> 1) + (wide < 0))


@_mixed(INT32, "FUSE_MUL_ADD3_INT16x32x32x32")
def _multiply_add(operands: Sequence[np.ndarray]) -> np.ndarray:
    x, y, z = (a.astype(np.int32) for a in operands)
    return x * y + z


def _float_multiply_add(operands: Sequence[np.ndarray]) -> np.ndarray:
    x, y, z = (a.astype(np.float32) for a in operands)
    return x * y + z


@_mixed(INT8, "FUSE_MUL_ADD3_IXxF32xF32xI8")
def _multiply_add_round(operands: Sequence[np.ndarray]) -> np.ndarray:
    real = np.rint(_float_multiply_add(operands))
    # What is not a number becomes the smallest, as in MegEngine.
    return saturate(np.where(real >= INT8.range[0], real, INT8.range[0]), INT8)


@_mixed(FLOAT32, "FUSE_MUL_ADD3_INT16xF32xF32xF32", "FUSE_MUL_ADD3_UINT8xF32xF32xF32")
def _integer_scale(operands: Sequence[np.ndarray]) -> np.ndarray:
    return _float_multiply_add(operands)


@_mixed(FLOAT32, "MUL_INT16xF32xF32")
def _integer_multiply(operands: Sequence[np.ndarray]) -> np.ndarray:
    return operands[0].astype(np.float32) * operands[1]


@_mixed(INT8, "ROUND_SHR_SATURATE_IXxI8xI8")
def _shift_to_8(operands: Sequence[np.ndarray]) -> np.ndarray:
    return saturate(shift_right(*operands), INT8)


@_mixed(INT16, "ROUND_SHR_SATURATE_IXxI8xI16")
def _shift_to_16(operands: Sequence[np.ndarray]) -> np.ndarray:
    return saturate(shift_right(*operands), INT16)


@_mixed(
    INT8,
    "FUSE_ADD_RMULH_ROUND_SHR_SATURATE_INT16x16x16x8",
    "FUSE_ADD_RMULH_ROUND_SHR_SATURATE_INT32x32x32x8",
)
def _scale_to_8(operands: Sequence[np.ndarray]) -> np.ndarray:
    """x, bias, multiplier, shift and, if given, the smallest and largest result."""
    x, bias, factor, count, *limits = operands
    result = saturate(shift_right(rmulh(x + bias, factor), count), INT8)
    return np.maximum(np.minimum(result, limits[1]), limits[0]) if limits else result


def _arity(name: str) -> tuple[int, ...]:
    if "RMULH" in name:
        return (4, 6)
    return (3,) if name.startswith("FUSE_MUL_ADD3") else (2,)


def _real(x: np.ndarray, dtype: DType) -> np.ndarray:
    return dequantize(x, dtype) if dtype.is_quantized else x


def _infer_quantized(node: Node, name: str) -> DType:
    checked_mode(node, name[1:])
    dtype = node.attrs.get("output_dtype")
    if dtype is None or not dtype.is_quantized:
        raise Unsupported(f"the mode {name} needs a quantised result type, the record states {dtype}")
    return dtype


def _result_type(node: Node) -> DType:
    name = str(node.attrs["mode"])
    if name in _TO_BOOL:
        checked_mode(node, name)
        return BOOL
    if name in _MIXED:
        if len(node.inputs) not in _arity(name):
            raise Unsupported(f"the mode {name} does not have {len(node.inputs)} operands")
        return _MIXED[name][0]
    if not name.startswith("Q"):
        raise Unsupported(f"the element-wise mode {name} is not known")
    return _infer_quantized(node, name)


@operator("ElemwiseMultiType")
class ElemwiseMultiType(Operator):
    """Comparisons with bool result, mixed integer arithmetic, and Q modes on quantised data by their real values."""

    operands = "any+"
    limits = "modes of the file format; any shapes that broadcast"
    halves = "stored"

    counted = staticmethod(one_by_one)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        dtype = _result_type(node)
        return [TensorType(broadcast_shape([v.shape for v in node.inputs]), dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        name = node.attrs["mode"]
        with np.errstate(all="ignore"):
            if name in _MIXED:
                return [_MIXED[name][1](inputs)]
            real = [_real(x, v.type.dtype) for x, v in zip(inputs, node.inputs)]
            if name in _TO_BOOL:
                return [find_mode(name).function(*real) != 0]
            return [quantize(compute(find_mode(name[1:]), real), node.output.type.dtype)]
