"""Mistakes in a configuration file, each with its place."""

from __future__ import annotations

from dataclasses import dataclass

MAX_SHOWN = 100


@dataclass(frozen=True, order=True)
class ConfigProblem:
    """One mistake; line and column count from 1, as editors do."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ConfigError(Exception):
    """A configuration that cannot be used; ``str`` lists its problems, one a line, in file order.

    ``problems`` has all of them, the text no more than a reader can want.
    """

    def __init__(self, problems: list[ConfigProblem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        lines = [str(p) for p in self.problems[:MAX_SHOWN]]
        hidden = len(self.problems) - len(lines)
        super().__init__("\n".join(lines + [f"and {hidden} more problems"] * (hidden > 0)))
