"""A YAML file as plain values plus the place of every key and value.

Only what a configuration needs: mappings with string keys, lists and scalars. Anchors, aliases and custom tags are
refused, and size and depth are bounded, so no input can cost more than its length.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mgecc.config.problems import ConfigError, ConfigProblem

Place = tuple[int, int]
Keys = tuple[str | int, ...]

MAX_BYTES = 64 * 1024
MAX_DEPTH = 16

# YAML 1.1, which PyYAML follows, reads 1e-4 as text because it has no point; YAML 1.2 and JSON read a number.
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")

_KINDS = ("str", "int", "float", "bool", "null")

# What PyYAML raises where an explicit tag and the text behind it do not agree, and for numbers of absurd length.
_SCALAR_ERRORS = (yaml.YAMLError, ValueError, OverflowError, LookupError, AttributeError, TypeError)


@dataclass
class Document:
    """The value of a file, and where it and its parts stand (by their path of keys and list positions)."""

    file: str
    value: Any = None
    keys: dict[Keys, Place] = field(default_factory=dict)
    values: dict[Keys, Place] = field(default_factory=dict)
    problems: list[ConfigProblem] = field(default_factory=list)

    def add(self, place: Place, message: str) -> None:
        """Note a problem at a place."""
        self.problems.append(ConfigProblem(self.file, *place, message))

    def add_at(self, path: Keys, message: str, *, key: bool = False) -> None:
        """Note a problem at the value (or key) of a path; a part that is absent is shown at what contains it."""
        place = self.keys.get(path) if key else None
        while place is None:
            place = self.values.get(path) if path else self.values.get((), (1, 1))
            path = path[:-1]
        self.add(place, message)

    def check(self) -> None:
        """Raise ConfigError if a problem was noted."""
        if self.problems:
            raise ConfigError(self.problems)


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader without aliases and without deep nesting."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases are not allowed", problem_mark=event.start_mark
            )
        if self.depth >= MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _place(mark: yaml.Mark | None) -> Place:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def read_document(path: Path) -> Document:
    """Parse a YAML file.

    Raises ConfigError if it cannot be read, is longer than 64 KiB, is not UTF-8 or is not YAML; lesser mistakes
    (repeated keys, odd values) are noted in the result.
    """
    document = Document(str(path))
    node = _compose(_read_text(path, document), document)
    if node is not None:
        document.value = _convert(node, (), document)
    return document


def _read_text(path: Path, document: Document) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            document.add((1, 1), f"longer than {MAX_BYTES} bytes")
        text = data[:MAX_BYTES].decode("utf-8")
        # JSON may be indented with tabs, YAML may not; within JSON's strings there are none.
        return text.replace("\t", " ") if path.suffix == ".json" else text
    except OSError as error:
        document.add((1, 1), f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        if not document.problems:
            document.add((data.count(b"\n", 0, error.start) + 1, 1), "not UTF-8 text")
    raise ConfigError(document.problems)


def _compose(text: str, document: Document) -> yaml.Node | None:
    document.check()
    try:
        loader = _Loader(text)
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        why = ", ".join(part for part in (error.context, error.problem) if part)
        document.add(_place(error.problem_mark or error.context_mark), why)
    except yaml.YAMLError as error:
        document.add((1, 1), str(error).splitlines()[0])
    raise ConfigError(document.problems)


def _convert(node: yaml.Node, path: Keys, document: Document) -> Any:
    document.values[path] = _place(node.start_mark)
    if isinstance(node, yaml.MappingNode):
        return _convert_mapping(node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_convert(item, (*path, i), document) for i, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    return _convert_scalar(node, document)


def _convert_mapping(node: yaml.MappingNode, path: Keys, document: Document) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        place = _place(key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            document.add(place, "a key must be a plain word")
            continue
        key: str = key_node.value
        here: Keys = (*path, key)
        if key in result:
            document.add(place, f"'{key}' is given twice (first in line {document.keys[here][0]})")
            continue
        document.keys[here] = place
        result[key] = _convert(value_node, here, document)
    return result


def _convert_scalar(node: yaml.ScalarNode, document: Document) -> Any:
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "timestamp":
        return node.value
    if kind == "str" and node.style is None and _NUMBER.fullmatch(node.value):
        return _finite(float(node.value), node, document)
    try:
        value = yaml.SafeLoader("").construct_object(node) if kind in _KINDS else None
    except _SCALAR_ERRORS:
        kind = ""
    if kind not in _KINDS:
        document.add(_place(node.start_mark), f"'{node.value[:40]}' is not a value that can be used here")
        return None
    return _finite(value, node, document) if isinstance(value, float) else value


def _finite(value: float, node: yaml.ScalarNode, document: Document) -> float:
    if math.isfinite(value):
        return value
    document.add(_place(node.start_mark), f"{node.value} is not a finite number")
    return 0.0
