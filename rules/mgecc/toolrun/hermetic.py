"""Which files are read: refusing those that the build does not know of, and noting them for a depfile.

What an undeclared file changes, no build would notice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mgecc.names import compiler_files
from mgecc.toolrun.sources import runtime_folder

_PACKAGE = os.path.realpath(Path(__file__).parents[1]) + os.sep
_INTERPRETER = tuple(os.path.realpath(p) + os.sep for p in sorted({sys.prefix, sys.base_prefix}))


class UndeclaredRead(Exception):
    """The compiler opened a file of the user's that is no declared input."""


class _Guard:
    """Watches opened files while ``allowed`` or ``noted`` is set; a hook cannot be taken away again, so there is one
    for good."""

    def __init__(self) -> None:
        self.allowed: frozenset[str] | None = None
        self.noted: set[str] | None = None
        self.folders: tuple[str, ...] = ()
        self.watched: tuple[str, ...] = ()
        self._hooked = False

    def start(self) -> None:
        if not self._hooked:
            sys.addaudithook(self._audit)
            self._hooked = True

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(args[0], (str, bytes)):
            return
        if self.noted is not None and args[2] & (os.O_WRONLY | os.O_RDWR) == 0:
            self.noted.add(os.path.abspath(os.fsdecode(args[0])))
        if self.allowed is not None:
            self._refuse(os.path.realpath(os.fsdecode(args[0])), self.allowed)

    def _refuse(self, path: str, allowed: frozenset[str]) -> None:
        if path.startswith(self.watched) and path not in allowed and not path.startswith(self.folders):
            raise UndeclaredRead(f"{path} is read and is not a declared input")


_guard = _Guard()


@contextmanager
def only_declared(files: Sequence[str], output: str) -> Iterator[None]:
    """Allow no file of the source tree or beside the inputs to be opened, but ``files`` and those below ``output``.

    Raises UndeclaredRead inside the block. The compiler's own files are covered by its identity.
    """
    inputs = [os.path.realpath(file) for file in files]
    _guard.folders = (os.path.realpath(output) + os.sep, _PACKAGE, *_INTERPRETER)
    _guard.watched = tuple(
        {os.path.realpath(os.curdir) + os.sep, *(os.path.dirname(p) + os.sep for p in inputs)}
    )
    _guard.start()
    _guard.allowed = frozenset(inputs)
    try:
        yield
    finally:
        _guard.allowed = None


@contextmanager
def noted_reads(*outputs: Path | None) -> Iterator[set[str]]:
    """The set of files that are opened for reading inside the block, complete after it.

    Those below the folders ``outputs`` do not count: they are compared with what is written.
    """
    folders = tuple(os.path.abspath(folder) + os.sep for folder in outputs if folder)
    _guard.start()
    found: set[str] = set()
    _guard.noted = found
    try:
        yield found
    finally:
        _guard.noted = None
        found -= {path for path in found if path.startswith(folders)}


@contextmanager
def unnoted() -> Iterator[None]:
    """Do not note what is read inside the block."""
    noted, _guard.noted = _guard.noted, None
    try:
        yield
    finally:
        _guard.noted = noted


def inputs_among(paths: Iterable[str]) -> list[str]:
    """Sorted: those of the files that are the user's, and all of the compiler's own."""
    package = Path(_PACKAGE)
    own = [*compiler_files(), *(path for path in runtime_folder().rglob("*") if path.is_file())]
    users = {
        path
        for path in paths
        if os.path.isfile(path) and not os.path.realpath(path).startswith((_PACKAGE, *_INTERPRETER))
    }
    return sorted({*users, *(os.path.abspath(package / path) for path in own)})
