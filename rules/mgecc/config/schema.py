"""Checks a document against model.schema.json and says in plain words what is wrong, and where."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from mgecc.config.document import Document, Keys

SCHEMA_FILE = Path(__file__).with_name("model.schema.json")
MEGCC_SCHEMA = Path(__file__).with_name("megcc.schema.json")

_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def type_words(types: str | list[str]) -> str:
    """What the schema calls by one type, or by several, in words."""
    return " or ".join(_TYPE_NAMES[kind] for kind in ([types] if isinstance(types, str) else types))


@dataclass(frozen=True)
class _Fault:
    """One broken rule of the schema: the offending value, the rule's own value, and the schema it stands in."""

    instance: Any
    rule: Any
    schema: Any


@cache
def _validator(path: Path = SCHEMA_FILE) -> Draft202012Validator:
    schema = json.loads(path.read_text(encoding="utf-8"))
    if path != SCHEMA_FILE:
        # The image functions are the same everywhere; MegCC takes one without element types as not named.
        own = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
        schema["properties"]["cv"], schema["$defs"] = own["properties"]["cv"], own["$defs"]
        for kind in schema["$defs"].values():
            kind.pop("minItems", None)
    return Draft202012Validator(schema)


def validate(document: Document, schema: Path = SCHEMA_FILE) -> None:
    """Note every departure from the schema in ``document.problems``."""
    for error in _validator(schema).iter_errors(document.value):
        fault = _Fault(error.instance, error.validator_value, error.schema)
        report = _REPORT.get(str(error.validator))
        path = tuple(error.absolute_path)
        if report:
            report(document, fault, path)
        else:
            _report_limit(document, fault, path, _LIMITS[str(error.validator)])


def suggest(word: str, known: Iterable[str]) -> str:
    """' (did you mean ...?)' for the nearest known word, or the list of them."""
    names = sorted(known)
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else f"; known are {', '.join(names)}"


def show(value: Any) -> str:
    """A value of the file, short enough for a message."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."


def _report_unknown(document: Document, fault: _Fault, path: Keys) -> None:
    known = fault.schema.get("properties", {})
    for key in fault.instance:
        if key not in known:
            document.add_at((*path, key), f"unknown key '{key}'{suggest(key, known)}", key=True)


def _report_missing(document: Document, fault: _Fault, path: Keys) -> None:
    for key in fault.rule:
        if key not in fault.instance:
            document.add_at(path, f"'{key}' is missing")


def _report_dependent(document: Document, fault: _Fault, path: Keys) -> None:
    for key, others in fault.rule.items():
        for other in others:
            if key in fault.instance and other not in fault.instance:
                document.add_at((*path, key), f"'{key}' needs '{other}' beside it", key=True)


def _report_type(document: Document, fault: _Fault, path: Keys) -> None:
    document.add_at(path, f"{_subject(path)} must be {type_words(fault.rule)}, not {show(fault.instance)}")


def _report_enum(document: Document, fault: _Fault, path: Keys) -> None:
    choices = [str(c) for c in fault.rule]
    hint = (
        suggest(fault.instance, choices)
        if isinstance(fault.instance, str)
        else f"; known are {', '.join(choices)}"
    )
    document.add_at(path, f"{_subject(path)} cannot be {show(fault.instance)}{hint}")


def _report_pattern(document: Document, fault: _Fault, path: Keys) -> None:
    document.add_at(
        path, f"{_subject(path)} must be {fault.schema['description']}, not {show(fault.instance)}"
    )


def _report_limit(document: Document, fault: _Fault, path: Keys, words: str) -> None:
    document.add_at(
        path, f"{_subject(path)} must {words.format(value=fault.rule)}, not {show(fault.instance)}"
    )


def _subject(path: Keys) -> str:
    return f"'{'.'.join(str(p) for p in path)}'" if path else "the file"


_LIMITS = {
    "minimum": "be {value} or more",
    "maximum": "be {value} or less",
    "exclusiveMinimum": "be more than {value}",
    "minItems": "have {value} or more entries",
    "maxItems": "have {value} or fewer entries",
    "minLength": "have {value} or more characters",
    "maxLength": "have {value} or fewer characters",
    "minProperties": "have {value} or more entries",
    "maxProperties": "have {value} or fewer entries",
}

_REPORT: dict[str, Callable[[Document, _Fault, Keys], None]] = {
    "additionalProperties": _report_unknown,
    "required": _report_missing,
    "dependentRequired": _report_dependent,
    "type": _report_type,
    "enum": _report_enum,
    "pattern": _report_pattern,
}
