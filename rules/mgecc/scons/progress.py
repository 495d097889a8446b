"""How far a build is, before the line of each step: on a terminal only, where somebody waits."""

from __future__ import annotations

import sys
from typing import Any

_declared: set[Any] = set()
_visited: set[Any] = set()


def declare_step(node: Any) -> None:
    """Count the step that makes ``node``, the first of its outputs."""
    _declared.add(node)


def visit(node: Any) -> None:
    """SCons has come to ``node``; called for all nodes, between steps."""
    if node in _declared:
        _visited.add(node)


def shown(line: str) -> str:
    """The line of a step; on a terminal with the number of steps that are done or begun, of all that there are."""
    if not sys.stdout.isatty():
        return line
    count = str(len(_declared))
    return f"[{len(_visited):>{len(count)}}/{count}]{line}"
