"""Element-wise operators and conversions."""

from __future__ import annotations

from typing import Any

from mgecc.graph import DType, Unsupported
from mgecc.graph.types import BOOL, FLOAT32, INT32
from mgecc.ops.elemwise import ElemwiseAttrs, PowCAttrs
from mgecc.ops.elemwise_multi_type import INT8, INT16, ElemwiseMultiTypeAttrs
from mgecc.ops.fake_quant import FakeQuantAttrs
from mgecc.ops.type_cvt import TypeCvtAttrs

from ..parameters import word
from . import Params, attributes

_FUSED = {
    "FUSE_ADD_RELU": "add_relu",
    "FUSE_ADD_SIGMOID": "add_sigmoid",
    "FUSE_ADD_TANH": "add_tanh",
    "FUSE_ADD_H_SWISH": "add_h_swish",
    "FUSE_MUL_ADD3": "mul_add",
    "FUSE_MUL_ADD4": "mul_mul_add",
}
"""Modes that are not called as ours are, in capital letters."""
_COMPARISONS = ("EQ", "NEQ", "LT", "LEQ", "ISNAN", "ISINF")
_MIXED: dict[str, tuple[str, DType]] = {
    "FUSE_MUL_ADD3_INT16x32x32x32": ("mul_add", INT32),
    "FUSE_MUL_ADD3_IXxF32xF32xI8": ("mul_add", INT8),
    "FUSE_MUL_ADD3_INT16xF32xF32xF32": ("mul_add", FLOAT32),
    "FUSE_MUL_ADD3_UINT8xF32xF32xF32": ("mul_add", FLOAT32),
    "MUL_INT16xF32xF32": ("mul", FLOAT32),
    "ROUND_SHR_SATURATE_IXxI8xI8": ("round_shr", INT8),
    "ROUND_SHR_SATURATE_IXxI8xI16": ("round_shr", INT16),
    "FUSE_ADD_RMULH_ROUND_SHR_SATURATE_INT16x16x16x8": ("add_rmulh_round_shr", INT8),
    "FUSE_ADD_RMULH_ROUND_SHR_SATURATE_INT32x32x32x8": ("add_rmulh_round_shr", INT8),
}
"""Arithmetic with operands of mixed types, and the type of its results."""


def _mode(name: Any) -> str:
    """Ours."""
    return _FUSED.get(name) or str(word(name))


@attributes("Elemwise", "Elemwise")
def elemwise(params: Params) -> ElemwiseAttrs:
    return ElemwiseAttrs(_mode(params["mode"]), params["output_dtype"])


@attributes("PowC", "PowC")
def power(params: Params) -> PowCAttrs:
    return PowCAttrs(params["exp"])


@attributes("ElemwiseMultiType", "ElemwiseMultiType")
def elemwise_multi_type(params: Params) -> ElemwiseMultiTypeAttrs:
    name, stated = str(params["mode"]), params["output_dtype"]
    if name in _MIXED:
        return ElemwiseMultiTypeAttrs(*_MIXED[name])
    if name in _COMPARISONS:
        return ElemwiseMultiTypeAttrs(_mode(name), BOOL)
    if not name.startswith("Q"):
        raise Unsupported(f"the element-wise mode {name} is not known")
    if stated is None or not stated.is_quantized:
        raise Unsupported(f"the mode {name} needs a quantised result type, the record states {stated}")
    return ElemwiseMultiTypeAttrs(_mode(name[1:]), stated)


@attributes("TypeCvt", "TypeCvtV2", "TypeCvt")
def conversion(params: Params) -> TypeCvtAttrs:
    if params.get("dtype") is None:
        raise Unsupported("the record states no type to convert to")
    return TypeCvtAttrs(params["dtype"])


@attributes("FakeQuant", "FakeQuant")
@attributes("LSQ", "LSQ")
@attributes("TQT", "TQT")
def quantised_range(params: Params) -> FakeQuantAttrs:
    return FakeQuantAttrs(params["qmin"], params["qmax"])
