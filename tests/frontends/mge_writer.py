"""Writes small model files for tests, record by record, in the newest container."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from flatbuffer_writer import Field, Scalar, Scalars, Table, size_prefixed, u8, u32
from mgecc.frontends.mge.dtypes import DTYPE_NAMES
from mgecc.frontends.mge.tables import FieldSpec, bare_type_id, enums, operators_by_name, params, type_id

_LAYOUTS = {"int8": "b", "uint8": "B", "int32": "i", "uint32": "I", "uint64": "Q"}
_LAYOUTS |= {"float32": "f", "float64": "d", "bool": "?"}
_ANY_DEVICE = Table({0: "xpux:0"})


def dtype_table(name: str, scale: float = 0.0, zero_point: int = 0) -> Table:
    """The element type ``name``; quantised with a scale."""
    quantised = Table({0: Scalar("f", scale), 1: u8(zero_point)})
    union: dict[int, Field] = {1: u8(1), 2: quantised} if scale else {}
    return Table({0: Scalar("b", DTYPE_NAMES.index(name))} | union)


def _field(spec: FieldSpec, value: Any) -> Field:
    if spec.type in _LAYOUTS:
        return Scalar(_LAYOUTS[spec.type], value)
    if spec.type == "Int32Vector":
        return Scalars("i", value)
    if spec.type in _VECTORS:
        return _Items(_VECTORS[spec.type], value)
    if spec.type == "DTypeName":
        return Scalar("b", DTYPE_NAMES.index(value))
    numbers = {name: number for number, name in enums()[spec.type].items()}
    return u32(value if isinstance(value, int) else numbers[value])


_VECTORS = {"IndexItemVector": "<b????", "AxisDescVector": "<b3xi"}


class _Items(Scalars):
    """A vector of structs: index items (axis, begin, end, step, idx), or (0 to add, 1 to remove, axis)."""

    def __init__(self, layout: str, items: Sequence[Sequence[int]]) -> None:
        super().__init__("b", [])
        self.count, self.bytes = len(items), b"".join(struct.pack(layout, *item) for item in items)


def _param(type_: str, given: dict[str, Any]) -> dict[int, Field]:
    """Fields 3 and 4 of a record: number and contents of its parameters."""
    operator = operators_by_name().get(type_)
    if operator is None or operator.param is None:
        return {}
    spec = params()[operator.param]
    if spec.name == "DTypeFull":
        return {3: u8(spec.kind), 4: dtype_table(*given.values())}
    numbers = {field.name: number for number, field in enumerate(spec.fields)}
    content = {numbers[name]: _field(spec.fields[numbers[name]], value) for name, value in given.items()}
    return {3: u8(spec.kind), 4: Table(content)}


class MgeFile:
    """A model under construction; every method returns the number of its (first) value."""

    def __init__(self) -> None:
        self.records: list[Table] = []
        self.values: list[tuple[str, Sequence[int]]] = []

    def record(
        self,
        type_: str,
        inputs: Sequence[int] = (),
        name: str = "",
        outputs: int = 1,
        result: Table | None = None,
        **params: Any,
    ) -> int:
        """A record with its parameters by name; its values are called like it. ``result``: the stated element type."""
        stated: dict[int, Field] = {10: result} if result else {}
        fields = _param(type_, params) | {7: Scalars("I", list(inputs))} | stated
        return self._add(type_, fields, name, [()] * outputs)

    def foreign(
        self, type_: str, inputs: Sequence[int], blobs: Sequence[bytes], shapes: Sequence[Sequence[int]]
    ) -> int:
        """A record of an operator whose code lies elsewhere."""
        tables: Field = [Table({0: blob}) for blob in blobs]
        return self._add(type_, {7: Scalars("I", list(inputs)), 14: tables}, "", shapes)

    def input(self, name: str, *shape: int, dtype: Table | None = None) -> int:
        tensor = Table({0: name, 1: Scalars("I", shape), 2: _ANY_DEVICE, 3: dtype or dtype_table("float32")})
        return self._add("Host2DeviceCopy", _param("Host2DeviceCopy", {}) | {11: [tensor]}, name, [shape])

    def constant(self, array: Any, name: str = "", dtype: Table | None = None) -> int:
        data = np.atleast_1d(array)
        kind = dtype or dtype_table(data.dtype.name)
        shape = Scalars("I", data.shape)
        tensor = Table({0: name, 1: shape, 2: _ANY_DEVICE, 3: kind, 6: data.tobytes()})
        return self._add("ImmutableTensor", {11: [tensor]}, name, [data.shape])

    def state(self, value: int, *shape: int) -> None:
        """Let the file say that a value has this shape."""
        self.values[value] = (self.values[value][0], shape)

    def _add(self, type_: str, fields: dict[int, Field], name: str, shapes: Sequence[Sequence[int]]) -> int:
        first = len(self.values)
        self.values += [(name if k == 0 else f"{name}:{k}", shape) for k, shape in enumerate(shapes)]
        numbers = Scalars("I", list(range(first, first + len(shapes))))
        version = operators_by_name()[type_].version if type_ in operators_by_name() else 1
        number = Scalar("Q", type_id(type_) if version > 1 else bare_type_id(type_))
        head = Table({0: type_, 1: number, 2: name, 8: numbers, 9: [_ANY_DEVICE], 12: u32(version)})
        self.records.append(Table(head | fields))
        return first

    def bytes(self, *outputs: int) -> bytes:
        values: Field = [Table({0: name, 1: Scalars("I", shape)}) for name, shape in self.values]
        ends: Field = [Table({0: u32(number)}) for number in outputs]
        records: Field = list(self.records)
        return size_prefixed(Table({0: u32(101300), 2: records, 3: values, 4: ends}), b"mgv2")
