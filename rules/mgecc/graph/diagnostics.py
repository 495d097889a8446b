"""Problems of a user's model, collected so that all of them are reported at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mgecc.errors import InputError, printable
from mgecc.graph.attributes import Attributes, unusual
from mgecc.graph.graph import Node
from mgecc.graph.unsupported import OPEN, SIZES_ADVICE, Unsupported, plain_text

MAX_PARAMETERS = 160
"""Letters of the parameters in a message."""
_SILENT = ("output_dtype", "expr", "seed")


def parameters(attributes: Attributes) -> str:
    """The attributes that differ from what is usual, as " name=value ..."; long ones are cut."""
    attrs = unusual(attributes)
    text = "".join(f" {name}={_short(attrs[name])}" for name in sorted(attrs) if name not in _SILENT)
    return text if len(text) <= MAX_PARAMETERS else text[: MAX_PARAMETERS - 4] + " ..."


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else plain_text(str(value).replace("\n", " "))


@dataclass(frozen=True)
class Diagnostic:
    """One problem: the user's node, its operator, where it stands, why it fails and what helps.

    ``parameters``: as " name=value ...", empty if there are none that matter.
    """

    node: str
    operator: str
    origin: str
    why: str
    advice: str = ""
    parameters: str = ""

    def __str__(self) -> str:
        advice = f"; {self.advice}" if self.advice else ""
        place = f"{self.node} ({self.operator}{self.parameters}, {self.origin})"
        return printable(f"{place}: {self.why}{advice}")


class CompileError(InputError):
    """The model cannot be compiled; ``str`` lists every problem, one a line."""

    def __init__(self, source: str, problems: list[Diagnostic]) -> None:
        self.source = source
        self.problems = problems
        count = f"{len(problems)} problem" + ("s" if len(problems) != 1 else "")
        super().__init__("\n".join([f"{source}: {count}", *(f"  {p}" for p in problems)]))

    def of_case(self, case: str) -> CompileError:
        """The same problems, of a model that is compiled several times: ``case`` says which time."""
        return CompileError(f"{self.source} {case}", self.problems)

    def of_source(self, source: str) -> CompileError:
        """The same problems, of a model that is called ``source``."""
        lines = str(self).splitlines()
        named = (source + x[len(self.source) :] if x.startswith(self.source) else x for x in lines)
        renamed = CompileError(source, self.problems)
        renamed.args = ("\n".join(named),)
        return renamed

    @classmethod
    def of_lines(cls, source: str, lines: Sequence[str]) -> CompileError:
        """An error that is not about nodes, with these lines."""
        error = cls(source, [])
        error.args = ("\n".join(lines),)
        return error

    @classmethod
    def merged(cls, errors: Sequence[CompileError]) -> CompileError:
        """One error for several models, each with its own lines."""
        merged = cls(errors[0].source, [p for error in errors for p in error.problems])
        merged.args = ("\n".join(map(str, errors)),)
        return merged


@dataclass
class Diagnostics:
    """Collects problems of one model; ``notes``: what does not keep it from compiling, a line each."""

    source: str
    problems: list[Diagnostic] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def copy(self) -> Diagnostics:
        return Diagnostics(self.source, list(self.problems), list(self.notes))

    def note(self, node: Node, text: str) -> None:
        """Tell the user something of a node that compiles."""
        self.notes.append(f"{node.name} ({node.op}, {node.origin}): {text}")

    def add(self, node: Node, why: str, advice: str = "") -> None:
        """Note a problem of a node that has none yet: later ones follow from the first."""
        if any((p.node, p.operator, p.origin) == (node.name, node.op, node.origin) for p in self.problems):
            return
        if OPEN in why:
            why, advice = plain_text(why), advice or SIZES_ADVICE
        self.problems.append(Diagnostic(node.name, node.op, node.origin, why, advice, parameters(node.attrs)))

    def add_error(self, node: Node, error: Unsupported) -> None:
        self.add(node, error.why, error.advice)

    def check(self) -> None:
        """Raise CompileError if anything was added."""
        if self.problems:
            raise CompileError(self.source, self.problems)
