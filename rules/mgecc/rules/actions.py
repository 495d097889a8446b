"""Actions that are signed by what they mean, not by Python byte code or absolute paths."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from SCons.Action import FunctionAction

from mgecc.rules.workers import Workers
from mgecc.toolrun.process import ToolError, run_tool

MakeArgs = Callable[[str, list[str]], Sequence[str]]


class SignedAction(FunctionAction):
    """A Python action with a signature and a display line of its own.

    The signature is the same under every Python version and in every folder; what tools and compiler are, goes in as
    dependencies on their identities.
    """

    def __init__(self, function: Callable[..., int], signature: str, shown: str) -> None:
        super().__init__(function, {})
        self._signature = signature.encode()
        self._shown = shown

    def get_presig(self, target: Any, source: Any, env: Any, executor: Any = None) -> bytes:
        return self._signature

    def strfunction(self, target: Any, source: Any, env: Any, executor: Any = None) -> str:
        return self._shown


def step_line(kind: str, *words: str) -> str:
    """How a step is shown: ``  CC    arm64 mobilenet_kernels.c``."""
    return f"  {kind:<5} {' '.join(word for word in words if word)}"


def tool_action(make_args: MakeArgs, signature: str, shown: str, sources: Sequence[Any]) -> SignedAction:
    """Run a tool: ``make_args(output, inputs)`` gives its command, ``sources`` are the nodes it reads."""

    def execute(target: list[Any], source: list[Any], env: Any) -> int:
        inputs = [str(node) for node in sources]
        try:
            said = run_tool(lambda output: make_args(output, inputs), Path(str(target[0])))
        except ToolError as error:
            return _fail(str(error))
        if said:
            sys.stderr.write(said)
        return 0

    return SignedAction(execute, signature, shown)


def verbose_line(make_args: MakeArgs, output: Any, sources: Sequence[Any]) -> str:
    return shlex.join(make_args(str(output), [str(node) for node in sources]))


_workers = Workers()


def compile_action(request: dict[str, Any], signature: str, shown: str) -> SignedAction:
    """Compile a model in one of the compiler processes; see ``mgecc.worker`` for the request."""

    def execute(target: list[Any], source: list[Any], env: Any) -> int:
        error = _workers.compile(request)
        return _fail(f"mgecc: error: {error}") if error else 0

    return SignedAction(execute, signature, shown)


def _fail(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 1
