"""Writes docs/model-yaml.md from the schema of model.yaml: mgecc schema --markdown > docs/model-yaml.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from mgecc.config.schema import SCHEMA_FILE, type_words

PREFACE = """# Keys of model.yaml

Written by `mgecc schema --markdown > docs/model-yaml.md` from the schema that the file is checked by; a test fails
where the schema says something else. `mgecc schema` prints it for editors, which then complete keys and show mistakes
while you type. The same keys are keyword arguments of [MgeModel](rules.md). Only `model` is needed:

```yaml
{example}```

NAME stands for a word of yours: of an input, a size, an operator.
"""
Schema = Mapping[str, Any]


def page() -> str:
    """The page, as Markdown."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    rows = [row for key, value in schema["properties"].items() for row in _rows(key, value, schema["$defs"])]
    table = "\n".join(["| key | value | what it is |", "| --- | --- | --- |", *rows])
    return PREFACE.format(example=_example(schema)) + "\n" + table + "\n"


def _example(schema: Schema) -> str:
    """A file with the keys that have an example."""
    keys = {key: value["examples"][0] for key, value in schema["properties"].items() if "examples" in value}
    return yaml.safe_dump(keys, default_flow_style=None, sort_keys=False)


def _rows(key: str, value: Schema, defs: Schema) -> Iterator[str]:
    """The row of a key, and of the keys below it."""
    whole = _resolved(value, defs)
    cells = (f"`{key}`", _kind(value, defs), _text(value, whole))
    if whole.get("type") != "object" or cells[-1]:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    items = whole.get("items", {})
    holder, prefix = (items, f"{key}[]") if items.get("type") == "object" else (whole, key)
    inner = holder.get("additionalProperties")
    below = {"NAME": inner} if isinstance(inner, Mapping) else holder.get("properties", {})
    for name, each in below.items():
        yield from _rows(f"{prefix}.{name}", each, defs)


def _resolved(value: Schema, defs: Schema) -> Schema:
    """With what it refers to; what it says itself counts."""
    return {**defs[value["$ref"].rpartition("/")[2]], **value} if "$ref" in value else value


def _kind(value: Schema, defs: Schema) -> str:
    """Which values there may be; what several keys have in common says it in its own words."""
    if "$ref" in value:
        common = defs[value["$ref"].rpartition("/")[2]]
        return str(common.get("description", "")) or _kind(common, defs)
    if "enum" in value:
        return " | ".join(f"`{word}`" for word in value["enum"])
    if value["type"] == "array":
        return f"a list: {_kind(value['items'], defs)}"
    return type_words(value["type"])


def _text(value: Schema, whole: Schema) -> str:
    sentence = str(value.get("description", "")).removesuffix(".")
    default = f"default: `{whole['default']}`" if "default" in whole else ""
    return "; ".join(filter(None, [sentence, default]))
