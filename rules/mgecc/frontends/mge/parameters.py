"""Parameters of records: their types and words as ours, and what no MegEngine writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mgecc.graph import DType, Unsupported
from mgecc.ops.activation import Activation

from .dtypes import DTypeInfo
from .model import Record

DAMAGED = "no MegEngine writes such a record: dump the model again"

_PLAIN_NAMES = {"bfloat16": "float32", "byte": "uint8", "intb4": "int8", "uintb4": "uint8"}


def dtype_of(info: DTypeInfo) -> DType:
    """The element type of stored numbers; Unsupported for types that have no arithmetic here."""
    try:
        return DType(_PLAIN_NAMES.get(info.name, info.name), info.scale, info.zero_point or 0)
    except ValueError:
        raise Unsupported(f"data of type {info.name} is not supported") from None


class _Parameters(dict[str, Any]):
    """Those that a record has; Unsupported where a rule asks for another, as of a record without any."""

    def __missing__(self, name: str) -> Any:
        raise Unsupported(f"it has no parameter {name}", DAMAGED)


def parameters(record: Record) -> dict[str, Any]:
    """The record's parameters by name and the stated type of its results, element types being ``DType``."""
    stated = {**record.params, "output_dtype": record.output_dtype}
    return _Parameters({name: dtype_of(v) if isinstance(v, DTypeInfo) else v for name, v in stated.items()})


_SILENT = ("output_dtype", "workspace_limit", "strategy")
_USUAL = (None, False, 0, "", (), "DEFAULT", "CROSS_CORRELATION", "DENSE", "IDENTITY", "NCHW")
_NO_AXIS = (7, 2147483647)
_ONE = re.compile("(stride|dilate|group).*")


def unusual(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that messages show: those that say something of their record."""
    return {
        name: value for name, value in params.items() if name not in _SILENT and not _is_usual(name, value)
    }


def _is_usual(name: str, value: Any) -> bool:
    if (_ONE.fullmatch(name) and value == 1) or (name == "axis" and value in _NO_AXIS):
        return True
    return any(type(value) is type(usual) and value == usual for usual in _USUAL)


def word(written: Any) -> Any:
    """An enumerator in small letters; a number that stands for none becomes a word, and is refused as such."""
    return str(written).lower()


def moves(params: Mapping[str, Any], axes: str = "hw") -> dict[str, Any]:
    """How a record's windows move, in our words."""
    stride, padding, dilation = (
        tuple(params[f"{word}_{axis}"] for axis in axes) for word in ("stride", "pad", "dilate")
    )
    return {"stride": stride, "padding": tuple((n, n) for n in padding), "dilation": dilation}


def activation(params: Mapping[str, Any]) -> Activation:
    """What ends the record."""
    return (word(params["nonlineMode"]),)
