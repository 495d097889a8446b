"""A format of a few lines, as a front end has to read one: `input x float32 2,3`, `const k int64 4,5`, `y = Type x k`.

Attributes follow as `name=word`; `output y` is a result. The line is the place in the file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mgecc.frontends.build import GraphBuilder, SourceNode
from mgecc.frontends.errors import ModelError
from mgecc.frontends.given import Given
from mgecc.graph import Diagnostics, DType, Graph, Value
from mgecc.graph.attributes import Stated

from .rules import RULES

TITLE = "lines"
MAGIC = b"tiny\n"


class TinyError(ModelError):
    """The bytes are no file of this format."""


@dataclass(frozen=True)
class Line:
    """A node: its type, its operands' names, its attributes."""

    type: str
    operands: list[str]
    attrs: dict[str, str]


def recognises(data: bytes | memoryview) -> bool:
    return bytes(data[: len(MAGIC)]) == MAGIC


def survey(data: bytes, source: str, given: Given) -> tuple[Graph, Diagnostics]:
    build = GraphBuilder(source, given.shapes, "write the file again", bound=given.bound)
    values = dict[str, Value]()
    for number, line in enumerate(data.decode().splitlines()[1:], 2):
        _read(line.split(), number, build, values)
    return build.finish(), build.problems


def types_of(operator: str) -> tuple[str, ...]:
    return RULES.types_of(operator)


def _read(words: list[str], number: int, build: GraphBuilder, values: dict[str, Value]) -> None:
    first = words[0]
    name, kind = (first, words[2]) if words[1] == "=" else (words[1], first)
    if first == "output":
        if name in values:
            build.output(name, values[name])
        return
    with build.at(SourceNode(kind, name, f"line {number}", (name,))) as said:
        if first == "input":
            values[name] = build.input(name, tuple(map(int, words[3].split(","))), DType(words[2]))
        elif first == "const":
            values[name] = build.constant(name, np.array(words[3].split(","), words[2]))
        elif words[1] == "=":
            operands = [word for word in words[3:] if "=" not in word]
            if all(word in values for word in operands):
                attrs = dict(word.split("=") for word in words[3:] if "=" in word)
                said.attrs = Stated(attrs)
                line = Line(kind, operands, attrs)
                rule = RULES.find(kind)
                (values[name],) = rule.translate(line, [values[word] for word in operands], build)
        else:
            raise TinyError(f"line {number} begins with {first}")
