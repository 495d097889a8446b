"""A model's configuration by keyword arguments, in the place of a model.yaml."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from SCons.Errors import UserError

from mgecc.toolrun.process import write_atomically

_SCHEMA = Path(__file__).resolve().parents[1] / "config" / "model.schema.json"
Place = Callable[[Any], str]


@cache
def config_keys() -> tuple[str, ...]:
    """Keys of model.yaml that are no arguments of the rule itself."""
    properties = json.loads(_SCHEMA.read_text(encoding="utf-8"))["properties"]
    return tuple(key for key in properties if key not in ("name", "optimize"))


def config_file(env: Any, name: str, folder: str, given: Mapping[str, Any]) -> Any:
    """Write the configuration into a model's build folder; returns its node.

    Files are named as elsewhere in an SConscript: from its folder, or with ``#`` from the top.
    """
    if "model" not in given:
        raise UserError(
            f"MgeModel {name}: give a configuration, or model= and what else a model.yaml would say"
        )
    path = Path(env.Dir(folder).get_abspath()) / "obj" / f"{name}.yaml"

    def place(file: Any) -> str:
        return os.path.relpath(env.File(file).srcnode().get_abspath(), path.parent).replace(os.sep, "/")

    document = {key: _PLACED.get(key, _as_it_is)(value, place) for key, value in given.items()}
    try:
        text = yaml.safe_dump(document, sort_keys=True, allow_unicode=True)
    except yaml.YAMLError as error:
        raise UserError(f"MgeModel {name}: this cannot stand in a model.yaml: {error}") from None
    write_atomically(path, text.encode())
    return env.File(str(path))


def _as_it_is(value: Any, _place: Place) -> Any:
    return _plain(value)


def _plain(value: Any) -> Any:
    """Tuples as lists, which is what YAML has."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _file(value: Any, place: Place) -> Any:
    return place(value)


def _recordings(value: Mapping[str, Any], place: Place) -> Any:
    return {k: place(v) if k in ("inputs", "expected") else _plain(v) for k, v in value.items()}


def _functions(value: Mapping[str, Mapping[str, Any]], place: Place) -> Any:
    return {
        name: {k: place(v) if k == "source" else _plain(v) for k, v in one.items()}
        for name, one in value.items()
    }


def _files(value: Mapping[str, Any], place: Place) -> Any:
    return {name: place(file) for name, file in value.items()}


_PLACED: dict[str, Callable[[Any, Place], Any]] = {
    "model": _file,
    "labels": _file,
    "verify": _recordings,
    "custom": _functions,
    "kernels": _files,
}
