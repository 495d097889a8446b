"""Actions that are signed by what they mean, not by Python byte code or absolute paths."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from errno import ENOSPC
from functools import partial
from pathlib import Path
from typing import Any

import SCons.Action
from SCons.Action import FunctionAction
from SCons.Errors import BuildError

from mgecc.errors import FAILED, error_lines, nearest_status
from mgecc.request import CompileRequest
from mgecc.scons import progress, reads
from mgecc.scons.explain import explain
from mgecc.scons.identity import Uses, edited_since, whole_digest
from mgecc.scons.inputs import Inputs
from mgecc.scons.reads import Extra, Reads
from mgecc.scons.workers import Workers
from mgecc.toolrun.cache import action_key
from mgecc.toolrun.cache.store import file_digest
from mgecc.toolrun.depfile import Read, local
from mgecc.toolrun.diskfull import FULL, full_disk_ends_step, is_full
from mgecc.toolrun.process import ToolError, remove_leftovers, run_tool, write_atomically
from mgecc.toolrun.sources import runtime_folder
from mgecc.toolrun.terminal import printable

# How often a step is carried out whose inputs are written to meanwhile, with what they held before.
_ATTEMPTS = 3

MakeArgs = Callable[[str, list[str]], Sequence[str]]
# Makes the output of its inputs; returns what the tool printed and, besides what the build knows of, has read.
Reader = Callable[[list[str], frozenset[str]], tuple[str, Read]]


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
        self.execfunction = self._execute
        self._function = function
        self.signature = signature
        self.shown = shown

    def _execute(self, target: list[Any], source: list[Any], env: Any) -> Failure | None:
        try:
            status = self._on_what_was_decided(target, source, env)
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

    def _on_what_was_decided(self, target: list[Any], source: list[Any], env: Any) -> int:
        """Carry the step out, on inputs that stay as they were when it was decided upon; raises StepError."""
        inputs = Inputs(target[0]) if _is_file(target[0]) else None
        for _ in range(_ATTEMPTS):
            status = self._function(target, source, env)
            if status or inputs is None:
                return status
            edited = inputs.edited()
            if not edited and not inputs.touched():
                self.settle()
                return status
            self.discard(target)
            if edited:
                break
        names = ", ".join(edited) or "its inputs"
        raise StepError(f"mgecc: error: {target[0]}: {names} changed while it was made; build again")

    def settle(self) -> None:
        """Called once what was made is known to be of the inputs that were decided upon."""

    def discard(self, target: list[Any]) -> None:
        """Remove what was made, which may be of neither these inputs nor those."""
        for node in target:
            Path(str(node)).unlink(missing_ok=True)

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
    """What an action does. ``run`` makes the outputs, or raises StepError, OSError. Of the paths of its sources and
    those of all that SCons knows it depends on, it returns what its tool printed and has read besides.

    ``uses``: where a model's compilation notes what it used. ``reads``: where a tool's is noted what it read.
    ``cached``: worth keeping in a cache.
    """

    run: Callable[[list[str], frozenset[str]], tuple[str, Extra]]
    uses: Uses | None = None
    reads: Reads | None = None
    cached: bool = False

    def forget(self) -> None:
        for record in (self.uses, self.reads):
            if record:
                record.forget()


class StepAction(SignedAction):
    """An action that first asks the cache."""

    def __init__(self, step: Step, signature: str, shown: str) -> None:
        super().__init__(self._carry_out, signature, shown)
        self._step = step
        self._keep: Callable[[], None] = _nothing

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
        self._step.forget()
        key = self._key(target, source, list(outputs)) if cache else ""
        kept = reads.fetch(cache, key, outputs, bool(self._step.reads)) if cache else None
        if kept:
            _show(progress.shown(step_line("HIT") + self.shown[8:]))
        else:
            _show(progress.shown(self.shown))
        said, extra = kept or self._step.run([str(node) for node in source], _paths(target[0].children()))
        sys.stderr.write(printable(said))
        if self._step.reads:
            self._step.reads.write(extra)
        self._keep = _nothing if kept or not cache else partial(reads.keep, cache, key, outputs, said, extra)
        return 0

    def settle(self) -> None:
        self._keep()

    def discard(self, target: list[Any]) -> None:
        super().discard(target)
        self._step.forget()

    def _outputs(self, target: list[Any]) -> dict[str, Path]:
        """Name inside the folder of the first output -> file."""
        paths = [Path(str(node)) for node in target]
        paths += [self._step.uses.path] if self._step.uses else []
        folder = os.path.abspath(paths[0].parent)
        return {os.path.relpath(path, folder).replace(os.sep, "/"): path for path in paths}

    def _key(self, target: list[Any], source: list[Any], outputs: list[str]) -> str:
        """Free of the tree's own path: what is the same in another one, is the same."""
        sources = [_input(node) for node in source]
        others = sorted(_input(node) for node in target[0].children() if node not in source)
        return action_key(self.signature, [*sources, *others], outputs)


def _input(node: Any) -> tuple[str, str]:
    """Name and digest of what a step depends on."""
    record = getattr(node.attributes, "mge_record", None)
    if record:
        return ("compiler", whole_digest()) if isinstance(record, Uses) else ("", "")
    if not _is_file(node):
        return "", str(node)
    path = str(node.rfile())
    return _name(path), file_digest(Path(path))


def _name(path: str) -> str:
    """A file's name that is the same in every tree: from the current folder or from mgecc's own, else its path."""
    own = os.path.relpath(path, runtime_folder())
    return local(path) if own.startswith(os.pardir) else f"runtime:{own}"


def _paths(nodes: Sequence[Any]) -> frozenset[str]:
    return frozenset(local(str(node.rfile())) for node in nodes if _is_file(node))


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


def tool_action(make_args: MakeArgs, output: Any, signature: str, shown: str) -> SignedAction:
    """Run a tool: ``make_args(output, inputs)`` gives its command."""

    def run(inputs: list[str], _known: frozenset[str]) -> tuple[str, Extra]:
        try:
            return run_tool(lambda partial: make_args(partial, inputs), Path(str(output))), Extra()
        except ToolError as error:
            raise StepError(str(error)) from None

    return StepAction(Step(run), signature, shown)


def reading_action(reader: Reader, record: Reads, signature: str, shown: str, cached: bool) -> SignedAction:
    """Run a tool that tells what it read."""

    def run(inputs: list[str], known: frozenset[str]) -> tuple[str, Extra]:
        for _ in range(_ATTEMPTS):
            begun = time.time_ns()
            try:
                said, read = reader(inputs, known)
            except ToolError as error:
                raise StepError(str(error)) from None
            extra = Extra.now(read)
            if not extra.written_since(begun):
                return said, extra
        names = ", ".join(os.path.basename(path) for path in read.files)
        raise StepError(f"mgecc: error: {inputs[0]}: files that it reads are written all the time: {names}")

    return StepAction(Step(run, reads=record, cached=cached), signature, shown)


def verbose_line(make_args: MakeArgs, output: Any, sources: Sequence[Any]) -> str:
    """The command as it will be carried out; while an SConscript is read, ``str(node)`` is from its folder."""
    return shlex.join(make_args(_path(output), [_path(node) for node in sources]))


def _path(node: Any) -> str:
    return str(node.rfile().get_internal_path())


_workers = Workers()


def compile_action(request: CompileRequest, uses: Uses, signature: str, shown: str) -> SignedAction:
    """Compile a model in one of the compiler processes; see ``mgecc.worker`` for the request."""

    def run(_inputs: list[str], _known: frozenset[str]) -> tuple[str, Extra]:
        reply = _workers.compile(request)
        if "full" in reply:
            raise OSError(ENOSPC, FULL, reply["full"])
        if "error" in reply:
            raise StepError(error_lines(reply["error"], reply["status"]).rstrip(), reply["status"])
        edited = edited_since()
        if edited:
            raise StepError(f"mgecc: error: {edited[0]} of the compiler changed while it ran; build again")
        uses.write(reply["uses"])
        return "", Extra()

    return StepAction(Step(run, uses=uses, cached=True), signature, shown)


def _fail(text: str, status: int) -> int:
    sys.stderr.write(printable(text) + "\n")
    return status
