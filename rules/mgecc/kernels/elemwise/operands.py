"""How the operands of an element-wise kernel are read and its result is written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgecc.graph import DType, Unsupported
from mgecc.kernels.base import Operand
from mgecc.ops.quantize import scale_of

C_TYPES = {
    "float32": "float", "int32": "int32_t", "qint32": "int32_t", "int16": "int16_t", "qint16": "int16_t",
    "uint16": "uint16_t", "int8": "int8_t", "qint8": "int8_t", "qint4": "int8_t", "qint1": "int8_t",
    "uint8": "uint8_t", "quint8": "uint8_t", "quint4": "uint8_t", "bool": "uint8_t",
}  # fmt: skip
_NARROW = {"int16_t": "i16", "uint16_t": "u16", "int8_t": "i8", "uint8_t": "u8"}


def c_type(dtype: DType) -> str:
    """C type of a stored number; Unsupported for float16."""
    if dtype.name not in C_TYPES:
        raise Unsupported(
            f"no element-wise kernel serves {dtype.name} data", "compile the model with float32 data"
        )
    return C_TYPES[dtype.name]


def stored_type(dtype: DType) -> str:
    """C type of a stored number; float16 is stored as its bits."""
    return "uint16_t" if dtype.name == "float16" else c_type(dtype)


@dataclass(frozen=True, eq=False)
class Source:
    """One input. ``way``: 'v'ector along the inner loop, 's'calar in memory, 'h': one vector for a whole inner loop,
    'k': a number among the arguments. ``steps``: strides of the outer loops, in elements."""

    position: int
    dtype: DType
    way: str
    operand: Operand
    steps: tuple[int, ...]
    constant: np.ndarray | None = None


@dataclass(frozen=True)
class Access:
    """C text and argument fields for one operand. ``full`` and ``tail`` read a vector at row pointer + i."""

    full: str = ""
    tail: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    numbers: tuple[int | float, ...] = ()


def _raw(dtype: DType, pointer: str, lanes: str | None) -> str:
    """Stored numbers as a vector of their own kind; ``lanes`` None is a full vector."""
    if dtype.name == "float16":
        return f"mg_vf_load_f16({pointer})" if lanes is None else f"mg_vf_load_f16_tail({pointer}, {lanes})"
    ctype = c_type(dtype)
    if ctype in _NARROW:
        return f"mg_vi_load_{_NARROW[ctype]}({pointer}, {lanes or 'MG_VF'})"
    kind = "mg_vf" if ctype == "float" else "mg_vi"
    return f"{kind}_load({pointer})" if lanes is None else f"{kind}_load_tail({pointer}, {lanes})"


def _valued(source: Source, raw: str, real: bool) -> str:
    """From stored numbers to the numbers that are computed with."""
    j, dtype = source.position, source.dtype
    if dtype.is_float:
        return raw
    if dtype.is_quantized and dtype.zero_point:
        raw = f"mg_vi_sub({raw}, mg_vi_set1(zero{j}))"
    if not real:
        return raw
    raw = f"mg_vf_from_vi({raw})"
    return f"mg_vf_mul({raw}, mg_vf_set1(scale{j}))" if dtype.is_quantized else raw


def _quantisation(
    suffix: str | int, dtype: DType, real: bool
) -> tuple[list[tuple[str, str]], list[int | float]]:
    fields: list[tuple[str, str]] = []
    numbers: list[int | float] = []
    if dtype.is_quantized and real:
        fields.append((f"scale{suffix}", "float"))
        numbers.append(float(scale_of(dtype)))
    if dtype.is_quantized and dtype.zero_point:
        fields.append((f"zero{suffix}", "int32_t"))
        numbers.append(dtype.zero_point)
    return fields, numbers


def read(source: Source, real: bool) -> Access:
    """How to read an input in a kernel that computes in float32 (``real``) or in int32."""
    j = source.position
    kind = "mg_vf" if real else "mg_vi"
    if source.way == "k":
        assert source.constant is not None
        value = source.constant.reshape(-1)[0]
        field, number = (f"k{j}", "float" if real else "int32_t"), float(value) if real else int(value)
        return Access(f"{kind}_set1(a->k{j})", f"{kind}_set1(a->k{j})", (field,), (number,))
    fields, numbers = _quantisation(j, source.dtype, real)
    fields += [(f"s{j}_{d}", "int32_t") for d in range(len(source.steps))]
    numbers += source.steps
    if source.way == "s":
        own = {"float32": "mg_vf_set1", "float16": "mg_vf_set1_f16"}.get(source.dtype.name, "mg_vi_set1")
        text = _valued(source, f"{own}(*p{j})", real)
        return Access(text, text, tuple(fields), tuple(numbers))
    at = f"p{j}" if source.way == "h" else f"p{j} + i"
    full = _valued(source, _raw(source.dtype, at, None), real)
    tail = full if source.way == "h" else _valued(source, _raw(source.dtype, at, "rest"), real)
    return Access(full, tail, tuple(fields), tuple(numbers))


def _stored(dtype: DType, v: str, real: bool) -> str:
    """From computed numbers to stored ones, still a vector."""
    low, high = dtype.range if not dtype.is_float and dtype.name != "bool" else (0, 1)
    zero = "zero" if dtype.zero_point else "0"
    low_text = "INT32_MIN" if low == -(2**31) else str(low)
    high_text = "INT32_MAX" if high == 2**31 - 1 else str(high)
    if dtype.is_quantized and real:
        return f"mg_vi_quantize({v}, scale, {zero}, {low_text}, {high_text})"
    if dtype.is_quantized:
        v = f"mg_vi_add({v}, mg_vi_set1(zero))" if dtype.zero_point else v
        return v if dtype.size == 4 else f"mg_vi_min(mg_vi_max({v}, mg_vi_set1({low})), mg_vi_set1({high}))"
    if not real or dtype.is_float:
        return v
    return f"mg_vi_truncate({v}, {low_text}, {high_text})"


def write(dtype: DType, v: str, real: bool) -> Access:
    """How to write the result ``v`` at y + i."""
    fields, numbers = _quantisation("", dtype, real)
    ctype, v = stored_type(dtype), _stored(dtype, v, real)
    if dtype.name == "float16":
        full, tail = f"mg_vf_store_f16(y + i, {v});", f"mg_vf_store_f16_tail(y + i, {v}, rest);"
    elif ctype in _NARROW:
        name = f"mg_vi_store_{_NARROW[ctype]}"
        full, tail = f"{name}(y + i, {v}, MG_VF);", f"{name}(y + i, {v}, rest);"
    else:
        name = "mg_vf_store" if ctype == "float" else "mg_vi_store"
        full, tail = f"{name}(y + i, {v});", f"{name}_tail(y + i, {v}, rest);"
    return Access(full, tail, tuple(fields), tuple(numbers))
