"""Decodes a record's parameter union by the tables of `tables/params`."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from mgecc.frontends.flatbuffer import SCALARS, Table

from .dtypes import dtype_name, read_dtype
from .errors import MgeError
from .model import AxisDesc, IndexItem
from .tables import FieldSpec, OperatorSpec, ParamSpec, enums, legacy_param, params, params_by_kind

_AXIS_DESC = struct.Struct("<b3xi")
_INDEX_ITEM = struct.Struct("<b????")
_TYPED_SCALAR = struct.Struct("<b4s")
_AXIS_METHODS = {0: "add", 1: "remove"}

_DECODERS: dict[str, Callable[[Table, int, FieldSpec], Any]] = {}
Decoder = Callable[[Table, int, FieldSpec], Any]


def _decodes(kind: str) -> Callable[[Decoder], Decoder]:
    def register(decoder: Decoder) -> Decoder:
        _DECODERS[kind] = decoder
        return decoder

    return register


@_decodes("Int32Vector")
def _int32_vector(table: Table, number: int, field: FieldSpec) -> tuple[int, ...]:
    return table.scalars(number, "int32")


@_decodes("AxisDescVector")
def _axis_descs(table: Table, number: int, field: FieldSpec) -> tuple[AxisDesc, ...]:
    items = table.items(number, _AXIS_DESC)
    if any(method not in _AXIS_METHODS for method, _ in items):
        raise MgeError("an axis is neither added nor removed", table.position)
    return tuple(AxisDesc(_AXIS_METHODS[method], axis) for method, axis in items)


@_decodes("IndexItemVector")
def _index_items(table: Table, number: int, field: FieldSpec) -> tuple[IndexItem, ...]:
    return tuple(IndexItem(*item) for item in table.items(number, _INDEX_ITEM))


@_decodes("ScalarStruct")
def _typed_scalar(table: Table, number: int, field: FieldSpec) -> tuple[str, bytes] | None:
    """(element type, its 4 raw bytes)."""
    found = table.struct(number, _TYPED_SCALAR)
    return None if found is None else (dtype_name(found[0], table.position), found[1])


@_decodes("DTypeName")
def _dtype_name(table: Table, number: int, field: FieldSpec) -> str:
    stored = table.scalar(number, "int8", None)
    return str(field.default) if stored is None else dtype_name(stored, table.position)


def _decode_field(table: Table, number: int, field: FieldSpec) -> Any:
    if field.type in SCALARS:
        return table.scalar(number, field.type, field.default)
    if field.type in _DECODERS:
        return _DECODERS[field.type](table, number, field)
    stored = table.scalar(number, "uint32", None)
    return field.default if stored is None else enums()[field.type].get(stored, stored)


def decode_params(table: Table, spec: ParamSpec) -> dict[str, Any]:
    """Every field of the parameter record by name, defaults filled in."""
    if spec.name == "DTypeFull":
        return {spec.fields[0].name: read_dtype(table)}
    return {field.name: _decode_field(table, number, field) for number, field in enumerate(spec.fields)}


def _expected(operator: OperatorSpec) -> ParamSpec | None:
    if operator.param is None:
        return None
    return legacy_param(operator.param) if operator.legacy else params()[operator.param]


def read_params(record: Table, field: int, operator: OperatorSpec) -> tuple[str | int | None, dict[str, Any]]:
    """(name or number of the parameter record, its fields) of a record whose param union is at `field`.

    A record that lacks its parameters, or has those of another operator, is damaged. Kinds the reader does not
    know are kept as a number with no fields.
    """
    kind, table = record.union(field)
    expected = _expected(operator)
    spec = params_by_kind().get(kind)
    if expected is not None and kind != expected.kind and (kind or expected.fields):
        found = spec.name if spec else f"number {kind}"
        message = f"{operator.type} has parameter record {found}, not {expected.name}"
        raise MgeError(message, record.position)
    if kind == 0:
        return None, {}
    spec = expected or spec
    if spec is None or table is None:
        if table is None and (spec is None or spec.fields):
            raise MgeError("the parameter record is missing", record.position)
        return (spec.name if spec else kind), {}
    return spec.name, decode_params(table, spec)
