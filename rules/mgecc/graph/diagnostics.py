"""Problems of a user's model, collected so that all of them are reported at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from mgecc.graph.graph import Node


class Unsupported(Exception):
    """Raised by shape rules, meanings and kernel specs: why this node cannot be done, and what to do about it."""

    def __init__(self, why: str, advice: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.advice = advice


@dataclass(frozen=True)
class Diagnostic:
    """One problem: the user's node, its operator, where it stands, why it fails and what helps."""

    node: str
    operator: str
    origin: str
    why: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.node} ({self.operator}, {self.origin}): {self.why}{advice}"


class CompileError(Exception):
    """The model cannot be compiled; ``str`` lists every problem, one a line."""

    def __init__(self, source: str, problems: list[Diagnostic]) -> None:
        self.source = source
        self.problems = problems
        count = f"{len(problems)} problem" + ("s" if len(problems) != 1 else "")
        super().__init__("\n".join([f"{source}: {count}", *(f"  {p}" for p in problems)]))


@dataclass
class Diagnostics:
    """Collects problems of one model."""

    source: str
    problems: list[Diagnostic] = field(default_factory=list)

    def add(self, node: Node, why: str, advice: str = "") -> None:
        self.problems.append(Diagnostic(node.name, node.op, node.origin, why, advice))

    def add_error(self, node: Node, error: Unsupported) -> None:
        self.add(node, error.why, error.advice)

    def check(self) -> None:
        """Raise CompileError if anything was added."""
        if self.problems:
            raise CompileError(self.source, self.problems)
