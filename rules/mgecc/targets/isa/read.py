"""Reading records of instruction sets. Every mistake is one line: the file, what is wrong, what may stand there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import yaml

from mgecc.targets.isa.facts import (
    CHOICES,
    Core,
    Int8,
    Isa,
    Simd,
    default_blocks,
    int8_defaults,
    simd_defaults,
)

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FOLDER = Path(__file__).parent
_NAME = re.compile("[a-z][a-z0-9_]*")
_KEYS = ("lanes", "registers", "block", "core", "float32", "float16", "int8", "extensions")
_NEEDED = ("lanes", "registers")
_Facts = TypeVar("_Facts", Simd, Int8, Core)


class IsaError(Exception):
    """A record that is not there or makes no sense; ``str`` is one line."""


def read_yaml(path: Path) -> Any:
    """What a file of the package says. Builds with nothing to do wait for it, and libyaml takes a tenth of the time."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)


@cache
def isa_names() -> list[str]:
    """Names of all records."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def read_isa(name: str, has: Collection[str] = (), own: Mapping[str, Any] | None = None) -> Isa:
    """The instruction set called ``name`` with the extensions for what ``has`` lists: features of a target and flags.

    ``own``: what a target says otherwise. Raises IsaError.
    """
    if name not in isa_names():
        near = difflib.get_close_matches(name, isa_names(), n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise IsaError(
            f"unknown instruction set {name!r}; {hint}known: {', '.join(isa_names())}; "
            f"a new one is targets/isa/{name}.yaml and kernels/simd/{name}.h (docs/new-isa.md)"
        )
    return make_isa(name, f"targets/isa/{name}.yaml", _record(name) | dict(own or {}), has)


@cache
def _record(name: str) -> dict[str, Any]:
    path = _FOLDER / f"{name}.yaml"
    return _mapping(f"targets/isa/{name}.yaml", read_yaml(path))


def own_isa(where: str, record: dict[str, Any], folder: str, has: Collection[str] = ()) -> Isa:
    """The instruction set that a target describes itself, with its ``name``; ``folder``: where its headers are.

    Raises IsaError.
    """
    rest = dict(record)
    name = rest.pop("name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise IsaError(f"{where}: isa needs 'name:', that of its header NAME.h, in small letters")
    if name in isa_names():
        raise IsaError(f"{where}: {name} is the name of an instruction set there is; give isa another name")
    return replace(make_isa(name, f"{where}: isa", rest, has), folder=folder)


def make_isa(name: str, where: str, record: dict[str, Any], has: Collection[str] = ()) -> Isa:
    """The facts of a record; ``where``: its file, for messages. Raises IsaError."""
    given = _with_extensions(where, record, has)
    for key in given:
        if key not in _KEYS:
            raise _unknown(where, key, _KEYS)
    for key in _NEEDED:
        if type(given.get(key)) is not int or given[key] < 1:
            raise IsaError(f"{where}: needs '{key}:' with a number, 1 or more")
    return _make(name, where, given)


def _make(name: str, where: str, given: dict[str, Any]) -> Isa:
    lanes, registers = given["lanes"], given["registers"]
    of_all = {"lanes": lanes, "registers": registers}
    single = _part(f"{where}: float32", Simd, simd_defaults(of_all | _mapping(where, given.get("float32"))))
    half = None
    if "float16" in given:
        own = {"lanes": 2 * lanes, "registers": registers} | _mapping(where, given["float16"])
        half = _part(f"{where}: float16", Simd, simd_defaults(own))
    bytes_ = _part(f"{where}: int8", Int8, int8_defaults(_mapping(where, given.get("int8")), registers))
    block = default_blocks(lanes, half.lanes if half else 0) | _mapping(where, given.get("block"))
    core = _part(f"{where}: core", Core, _mapping(where, given.get("core")))
    return Isa(name, single, bytes_, core, half, block)


def _mapping(where: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise IsaError(f"{where}: {value!r} stands where fields with their values must")
    return dict(value)


def _with_extensions(where: str, record: dict[str, Any], has: Collection[str]) -> dict[str, Any]:
    """The record, and laid over it the extensions of which ``when`` names something that there is."""
    result = {key: value for key, value in record.items() if key != "extensions"}
    for extension in record.get("extensions") or ():
        given = _mapping(where, extension)
        when = given.pop("when", None)
        if not isinstance(when, list):
            raise IsaError(f"{where}: an extension needs 'when:' with a list of features or compiler flags")
        if set(when) & set(has):
            result = _laid_over(result, given)
    return result


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _laid_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _part(where: str, kind: type[_Facts], given: dict[str, Any]) -> _Facts:
    """A dataclass of facts from its fields, each of the kind that the class says."""
    kinds = get_type_hints(kind)
    for key in given:
        if key not in kinds:
            raise _unknown(where, key, [each.name for each in fields(kind)])
    return kind(**{key: _value(f"{where}: {key}", key, value, kinds[key]) for key, value in given.items()})


def _value(where: str, key: str, value: Any, kind: Any) -> Any:
    if key in CHOICES and value not in CHOICES[key]:
        raise IsaError(f"{where} cannot be {value!r}; known: {', '.join(CHOICES[key])}")
    if get_origin(kind) is tuple:
        return _tuple(where, value, get_args(kind))
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise IsaError(f"{where} cannot be {value!r}; it is of the kind {kind.__name__}")
    return value


def _tuple(where: str, value: Any, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise IsaError(f"{where} cannot be {value!r}; it is a list")
    every = [kinds[0]] * len(value) if kinds[-1] is ... else list(kinds)
    if len(value) != len(every):
        raise IsaError(f"{where} cannot be {value!r}; it is a list of {len(every)}")
    return tuple(_value(where, "", item, kind) for item, kind in zip(value, every))


def _unknown(where: str, key: str, known: Collection[str]) -> IsaError:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    return IsaError(f"{where}: unknown field {key!r}; {hint}known: {', '.join(known)}")
