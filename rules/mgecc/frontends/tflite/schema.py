"""Records of the TensorFlow Lite schema: tables whose fields are asked for by name, as ``schema.yaml`` lists them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mgecc.frontends.flatbuffer import SCALARS, Table

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
UNIONS = {
    "builtin_options": "BuiltinOptions",
    "builtin_options2": "BuiltinOptions2",
    "details": "QuantizationDetails",
    "array_segments": "SparseIndexVector",
    "array_indices": "SparseIndexVector",
}
"""The enumeration of kinds of each union, by the union's field."""
ENUMERATED = {
    "padding": "Padding",
    "fused_activation_function": "ActivationFunctionType",
    "mode": "MirrorPadMode",
    "kernel_type": "LSTMKernelType",
    "format": "DimensionType",
    "in_data_type": "TensorType",
    "out_data_type": "TensorType",
    "output_type": "TensorType",
}
"""The enumeration of numbers that options hold, by their field."""


@dataclass(frozen=True)
class Field:
    """``number`` in the table; ``type``: a scalar's, string, union, a table's name, or [one of these]."""

    number: int
    type: str
    default: Any = None


@cache
def schema() -> tuple[dict[str, dict[int, str]], dict[str, dict[str, Field]]]:
    """Words by number of each enumeration, fields by name of each table."""
    text = Path(__file__).with_name("schema.yaml").read_text(encoding="utf-8")
    loaded = yaml.load(text, Loader=_LOADER)
    tables = {
        name: {field: Field(*stated) for field, stated in fields.items()}
        for name, fields in loaded["tables"].items()
    }
    return loaded["enums"], tables


def word(enumeration: str, number: int) -> str:
    """What a number of an enumeration is called; the number in words where it has no name."""
    return schema()[0][enumeration].get(number, f"number {number}")


@dataclass(frozen=True)
class Record:
    """A table of the file, of a kind of the schema."""

    kind: str
    table: Table

    def get(self, name: str) -> Any:
        """A field: a number, text, a tuple of numbers, a memoryview of bytes, a Record, a list of Records, or None."""
        stated = schema()[1][self.kind][name]
        number, type_ = stated.number, stated.type
        if type_ in SCALARS:
            return self.table.scalar(number, type_, stated.default)
        if type_ == "string":
            return self.table.string(number)
        if type_ == "union":
            return self._union(name, number)
        if not type_.startswith("["):
            return _record(type_, self.table.table(number))
        inner = type_[1:-1]
        if inner == "uint8":
            return self.table.octets(number)
        if inner in SCALARS:
            return self.table.scalars(number, inner)
        if inner == "string":
            return self.table.strings(number)
        return [Record(inner, table) for table in self.table.tables(number)]

    def _union(self, name: str, number: int) -> Record | None:
        kind, table = self.table.union(number - 1)
        name = word(UNIONS[name], kind)
        return _record(name, table) if name in schema()[1] else None

    def options(self) -> dict[str, Any]:
        """All fields that are numbers, texts or vectors of them, by name; enumerations as words."""
        found = {}
        for name, stated in schema()[1][self.kind].items():
            if stated.type.strip("[]") in (*SCALARS, "string"):
                value = self.get(name)
                found[name] = word(ENUMERATED[name], value) if name in ENUMERATED else value
        return found


def _record(kind: str, table: Table | None) -> Record | None:
    return None if table is None else Record(kind, table)
