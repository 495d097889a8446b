"""One build at a time in a tree or folder: a second one waits, and says so."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mgecc.toolrun.terminal import printable

try:
    import fcntl
except ImportError:  # a system without it has no such lock, and builds there must not overlap
    fcntl = None  # type: ignore[assignment]

# Names the lock files held by this process and those that started it, which must not wait for themselves.
_HELD = "MGECC_LOCKS"
_taken: list[TreeLock] = []  # a lock whose file is closed is free again


class TreeLock:
    """The lock of a build folder; held until the process ends, however that comes about."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".lock"
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Take the lock, waiting for whoever has it."""
        name = os.fspath(self._path.resolve())
        held = os.environ.get(_HELD, "").split(os.pathsep)
        if fcntl is None or name in held:
            return
        self._file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait()
        self._sign()
        _taken.append(self)
        os.environ[_HELD] = os.pathsep.join(filter(None, [*held, name]))

    def _wait(self) -> None:
        assert self._file
        self._file.seek(0)
        holder = self._file.read(500).strip() or "another process"
        sys.stderr.write(printable(f"mgecc: waiting for the build in this tree by {holder}\n"))
        sys.stderr.flush()
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def _sign(self) -> None:
        assert self._file
        words = " ".join(["scons", *sys.argv[1:]])
        try:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(f"process {os.getpid()}: {words[:300]}\n")
            self._file.flush()
        except OSError:
            pass  # the lock holds without its note, which is for people


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold a folder that is written into, waiting for whoever has it; makes it, and leaves no file in it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY) if fcntl else -1
    try:
        if fcntl:
            _lock_handle(handle, folder)
        yield
    finally:
        if fcntl:
            os.close(handle)


def _lock_handle(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.stderr.write(printable(f"mgecc: waiting for another mgecc that writes into {folder}\n"))
        sys.stderr.flush()
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        pass  # a file system without locks
