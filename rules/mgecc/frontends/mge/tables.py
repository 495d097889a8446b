"""Loads the operator, parameter and enumeration tables of `tables/*.yaml`."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .xxhash import xxh64

_FOLDER = Path(__file__).parent / "tables"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HASH_SEED = 20160701


@dataclass(frozen=True)
class FieldSpec:
    """A field of a parameter record: a scalar type, a kind of vector or an enumeration, and its default."""

    name: str
    type: str
    default: Any


@dataclass(frozen=True)
class ParamSpec:
    """A parameter record: its number in the param union and its fields by field number."""

    name: str
    kind: int
    fields: tuple[FieldSpec, ...]


@dataclass(frozen=True)
class OperatorSpec:
    """An operator record: type name, parameter record (None: any) and how many outputs it has."""

    type: str
    version: int = 1
    param: str | None = None
    outputs: int | str = 1
    stores: bool = False
    known: bool = True
    legacy: bool = False


def _load(path: Path) -> dict[str, Any]:
    loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    assert isinstance(loaded, dict)
    return loaded


@cache
def enums() -> dict[str, dict[int, str]]:
    """Names by number for every enumeration."""
    table = _load(_FOLDER / "enums.yaml")
    return {
        name: dict(values if isinstance(values, dict) else enumerate(values))
        for name, values in table.items()
    }


def _float32(text: str) -> float:
    return float(struct.unpack("<f", struct.pack("<f", float(text)))[0])


_DEFAULT_PARSERS: dict[str, Callable[[str], Any]] = {
    "bool": lambda text: text == "true",
    "float32": _float32,
    "float64": float,
    "DTypeName": str,
}
_ZEROS = {"bool": "false", "DTypeName": "float32"}


def _field(text: str) -> FieldSpec:
    """Parse `name: type = default`; the default of an enumeration is a name."""
    name, _, rest = text.strip().partition(": ")
    kind, _, default = rest.partition(" = ")
    if kind in enums():
        return FieldSpec(name, kind, default or enums()[kind][0])
    parse = _DEFAULT_PARSERS.get(kind, int)
    return FieldSpec(name, kind, parse(default or _ZEROS.get(kind, "0")))


@cache
def params() -> dict[str, ParamSpec]:
    """Parameter records by name, those of old releases included."""
    specs = {}
    for path in sorted((_FOLDER / "params").glob("*.yaml")):
        for name, entry in _load(path).items():
            fields = entry.get("fields", "")
            specs[name] = ParamSpec(
                name, entry["kind"], tuple(map(_field, fields.split(",") if fields else ()))
            )
    return specs


@cache
def params_by_kind() -> dict[int, ParamSpec]:
    """Today's parameter records by their number in the param union."""
    legacy = _load(_FOLDER / "params" / "legacy.yaml")
    return {spec.kind: spec for name, spec in params().items() if name not in legacy}


@cache
def legacy_param(name: str) -> ParamSpec:
    """A parameter record as old releases wrote it: layouts are numbered as OldFormat."""
    spec = params()[name]
    fields = tuple(replace(f, type="OldFormat") if f.type == "Format" else f for f in spec.fields)
    return replace(spec, fields=fields)


@cache
def _operator_table() -> dict[str, dict[str, Any]]:
    return _load(_FOLDER / "operators.yaml")


def _current(name: str) -> OperatorSpec:
    entry = {key: value for key, value in _operator_table()[name].items() if key != "hash"}
    return OperatorSpec(name, **entry)


@cache
def operators_by_name() -> dict[str, OperatorSpec]:
    """Today's operators by type name, and by hash name, which files of model version 1 use as type."""
    by_hash_name = {
        entry["hash"]: _current(name) for name, entry in _operator_table().items() if "hash" in entry
    }
    return by_hash_name | {name: _current(name) for name in _operator_table()}


def _legacy_operators() -> dict[str, OperatorSpec]:
    table = _load(_FOLDER / "legacy_operators.yaml")
    specs = {}
    for name, entry in table.items():
        changes = {key: value for key, value in entry.items() if key != "type"}
        specs[name] = replace(_current(entry["type"]), version=1, legacy=True, **changes)
    return specs


def type_id(hash_name: str) -> int:
    """Operator id of MGBC files and of records of version 2."""
    return xxh64(hash_name.encode() + b"\0", _HASH_SEED)


def bare_type_id(hash_name: str) -> int:
    """Operator id of MGBS files and of records of version 1: the name without a trailing version."""
    if hash_name[-2:-1] == "V" and hash_name[-1].isdigit():
        hash_name = hash_name[:-2]
    return xxh64(hash_name.encode(), _HASH_SEED)


@cache
def operators_by_id() -> dict[int, OperatorSpec]:
    """Operators by type id, in either form; where forms meet the younger record wins."""
    current = {entry.get("hash", name): _current(name) for name, entry in _operator_table().items()}
    found = {type_id(name): spec for name, spec in _legacy_operators().items()}
    found |= {bare_type_id(name): spec for name, spec in current.items()}
    return found | {type_id(name): spec for name, spec in current.items()}
