"""Actions that are signed by what they mean, not by Python byte code or absolute paths."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from typing import Any

import SCons.Action
from SCons.Action import FunctionAction
from SCons.Errors import BuildError

from mgecc.rules import progress
from mgecc.rules.cache import action_key
from mgecc.rules.cache.store import file_digest
from mgecc.rules.diskfull import FULL, full_disk_ends_step, is_full
from mgecc.rules.explain import explain
from mgecc.rules.identity import Uses, whole_digest
from mgecc.rules.workers import Workers
from mgecc.toolrun.process import ToolError, remove_leftovers, run_tool, write_atomically
from mgecc.toolrun.status import FAILED, error_lines, nearest_status
from mgecc.toolrun.terminal import printable

MakeArgs = Callable[[str, list[str]], Sequence[str]]


def _nothing() -> None:
    pass


class Failure(BuildError):
    """A failed step; SCons would end with status 2 after every kind, this keeps the status that the step gave."""

    def __init__(self, status: int, text: str = "") -> None:
        self.kind = nearest_status(status)
        super().__init__(errstr=text or f"Error {self.kind}", status=self.kind)

    @property
    def exitstatus(self) -> int:
        return self.kind

    @exitstatus.setter
    def exitstatus(self, _value: int) -> None:
        pass


def _telling(function: Callable[..., int]) -> Callable[..., Failure | None]:
    def execute(target: list[Any], source: list[Any], env: Any) -> Failure | None:
        try:
            status = function(target, source, env)
        except StepError as error:
            status = _fail(str(error), error.status)
        except OSError as error:
            if is_full(error):
                return Failure(FAILED, full_disk_ends_step(error))
            status = _fail(f"mgecc: error: {error.filename or target[0]}: {error.strerror or error}", FAILED)
        if status:
            return Failure(status)
        _note(target, env)
        return None

    return execute


def _note(target: list[Any], env: Any) -> None:
    """Record what a step has made, for verify-outputs."""
    record = env["MGE_RECORD"]
    for node in target if record else ():
        path = Path(str(node))
        if _is_file(node) and path.is_file():
            record.note(path)


def _is_file(node: Any) -> bool:
    return hasattr(node, "dir")


class SignedAction(FunctionAction):
    """A Python action with a signature and a display line of its own.

    The signature is the same under every Python version and in every folder; what tools and compiler are, goes in as
    dependencies on their identities.
    """

    def __init__(self, function: Callable[..., int], signature: str, shown: str) -> None:
        super().__init__(
            _nothing, {}
        )  # SCons would take time to read the code, which the signature stands for
        self.execfunction = _telling(function)
        self.signature = signature
        self.shown = shown

    def get_presig(self, target: Any, source: Any, env: Any, executor: Any = None) -> bytes:
        return self.signature.encode()

    def genstring(self, target: Any, source: Any, env: Any, executor: Any = None) -> str:
        """What SCons remembers of the command, to tell later how it has changed."""
        return self.signature

    def strfunction(self, target: Any, source: Any, env: Any, executor: Any = None) -> str:
        why = f"{explain(target)}.\n" if env["MGE_EXPLAIN"] and _is_file(target[0]) else ""
        return f"{why}{self.shown}"


def step_line(kind: str, *words: str) -> str:
    """How a step is shown: ``  CC    arm64 mobilenet_kernels.c``."""
    return f"  {kind:<5} {' '.join(word for word in words if word)}"


class StepError(Exception):
    """A step failed; ``str`` is what the user is to read, ``status`` says what kind of error it is."""

    def __init__(self, text: str, status: int = FAILED) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Step:
    """What an action does. ``run`` makes the outputs and returns what its tool printed, or raises StepError, OSError.

    ``uses``: where a model's compilation notes what it used. ``cached``: worth keeping in a cache.
    """

    run: Callable[[list[str]], str]
    uses: Uses | None = None
    cached: bool = False


class StepAction(SignedAction):
    """An action that first asks the cache."""

    def __init__(self, step: Step, signature: str, shown: str) -> None:
        super().__init__(self._carry_out, signature, shown)
        self._step = step

    def strfunction(self, target: Any, source: Any, env: Any, executor: Any = None) -> str:
        # The line is shown once it is known whether the cache has the result; nothing is carried out in a dry run.
        if SCons.Action.execute_actions:
            return ""
        return super().strfunction(target, source, env, executor)

    def _carry_out(self, target: list[Any], source: list[Any], env: Any) -> int:
        if env["MGE_EXPLAIN"]:
            _show(f"{explain(target)}.")
        cache = env["MGE_CACHE"] if self._step.cached else None
        outputs = self._outputs(target)
        for path in outputs.values():
            remove_leftovers(path)
        key = self._key(target, source, list(outputs)) if cache else ""
        kept = cache.fetch(key, outputs) if cache else None
        if kept:
            _show(progress.shown(step_line("HIT") + self.shown[8:]))
        else:
            _show(progress.shown(self.shown))
        said = kept.said if kept else self._step.run([str(node) for node in source])
        sys.stderr.write(printable(said))
        if cache and not kept:
            cache.keep(key, outputs, said)
        return 0

    def _outputs(self, target: list[Any]) -> dict[str, Path]:
        """Name inside the folder of the first output -> file."""
        paths = [Path(str(node)) for node in target]
        paths += [self._step.uses.path] if self._step.uses else []
        folder = os.path.abspath(paths[0].parent)
        return {os.path.relpath(path, folder).replace(os.sep, "/"): path for path in paths}

    def _key(self, target: list[Any], source: list[Any], outputs: list[str]) -> str:
        """Free of paths: what lies elsewhere and is the same, is the same."""
        sources = [_input(node) for node in source]
        others = sorted(_input(node) for node in target[0].children() if node not in source)
        return action_key(self.signature, [*sources, *others], outputs)


def _input(node: Any) -> tuple[str, str]:
    """Name and digest of what a step depends on."""
    if hasattr(node.attributes, "mge_uses"):
        return "compiler", whole_digest()
    if not _is_file(node):
        return "", str(node)
    path = Path(str(node.rfile()))
    return path.name, file_digest(path)


def _show(text: str) -> None:
    if SCons.Action.print_actions:
        sys.stdout.write(printable(f"{text}\n"))
        sys.stdout.flush()


def copy_action() -> SignedAction:
    """Copy the source; without a line, as it takes no time."""

    def copy(target: list[Any], source: list[Any], env: Any) -> int:
        write_atomically(Path(str(target[0])), Path(str(source[0].rfile())).read_bytes())
        return 0

    return SignedAction(copy, "COPY", "")


def tool_action(
    make_args: MakeArgs,
    output: Any,
    signature: str,
    shown: str,
    cached: bool,
    finish: Callable[[Path], None] | None = None,
) -> SignedAction:
    """Run a tool: ``make_args(output, inputs)`` gives its command, ``finish`` changes what it has made."""

    def run(inputs: list[str]) -> str:
        try:
            return run_tool(lambda partial: make_args(partial, inputs), Path(str(output)), finish)
        except ToolError as error:
            raise StepError(str(error)) from None

    return StepAction(Step(run, cached=cached), signature, shown)


def verbose_line(make_args: MakeArgs, output: Any, sources: Sequence[Any]) -> str:
    """The command as it will be carried out; while an SConscript is read, ``str(node)`` is from its folder."""
    return shlex.join(make_args(_path(output), [_path(node) for node in sources]))


def _path(node: Any) -> str:
    return node.rfile().get_internal_path()


_workers = Workers()


def compile_action(request: dict[str, Any], uses: Uses, signature: str, shown: str) -> SignedAction:
    """Compile a model in one of the compiler processes; see ``mgecc.worker`` for the request."""

    def run(_inputs: list[str]) -> str:
        reply = _workers.compile(request)
        if "full" in reply:
            raise OSError(ENOSPC, FULL, reply["full"])
        if "error" in reply:
            raise StepError(error_lines(reply["error"], reply["status"]).rstrip(), reply["status"])
        uses.write(reply["uses"])
        return ""

    return StepAction(Step(run, uses=uses, cached=True), signature, shown)


def _fail(text: str, status: int) -> int:
    sys.stderr.write(printable(text) + "\n")
    return status
