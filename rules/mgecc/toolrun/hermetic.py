"""Refusing reads that the build does not know of: what an undeclared file changes, no build would notice."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PACKAGE = os.path.realpath(Path(__file__).parents[1]) + os.sep
_INTERPRETER = tuple(os.path.realpath(p) + os.sep for p in sorted({sys.prefix, sys.base_prefix}))


class UndeclaredRead(Exception):
    """The compiler opened a file of the user's that is no declared input."""


class _Guard:
    """Watches opened files while ``allowed`` is set; a hook cannot be taken away again, so there is one for good."""

    def __init__(self) -> None:
        self.allowed: frozenset[str] | None = None
        self.folders: tuple[str, ...] = ()
        self.watched: tuple[str, ...] = ()
        self._hooked = False

    def start(self) -> None:
        if not self._hooked:
            sys.addaudithook(self._audit)
            self._hooked = True

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event != "open" or self.allowed is None or not isinstance(args[0], (str, bytes)):
            return
        path = os.path.realpath(os.fsdecode(args[0]))
        if path.startswith(self.watched) and path not in self.allowed and not path.startswith(self.folders):
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
