"""One line for a full disk, however many steps, caches and records find it full at the same time."""

from __future__ import annotations

import atexit
import errno
import os
import sys
import threading
from typing import Any

from mgecc.toolrun.terminal import printable

FULL = os.strerror(errno.ENOSPC)
_ERRORS = (errno.ENOSPC, errno.EDQUOT)

_lock = threading.Lock()
_held: list[str] = []
_told = False


class _FirstOnly:
    """Standard error that passes only the first line about a full disk: SCons tells each failed step's."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._passed = stream, False

    def write(self, text: str) -> int:
        with _lock:
            first, self._passed = not self._passed, self._passed or FULL in text
        return self._stream.write(text) if first or FULL not in text else len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def is_full(error: OSError) -> bool:
    return error.errno in _ERRORS


def full_disk_ends_step(error: OSError) -> str:
    """What SCons is to say of a step that found the disk full; from now on nothing more is said about it."""
    with _lock:
        if not _told:
            sys.stderr = _FirstOnly(sys.stderr)
    note_told()
    why = error.strerror or FULL
    return f"{error.filename}: {why}" if error.filename and why == FULL else why


def note_told() -> None:
    """Note that an error has told of the full disk; warnings about it have nothing to add."""
    global _told
    with _lock:
        _told = True


def warn(text: str) -> None:
    """Write a warning; one about a full disk waits for the end of the build, which such a disk may end."""
    line = f"mgecc: warning: {printable(text)}\n"
    if FULL not in text:
        sys.stderr.write(line)
        return
    with _lock:
        if not _held:
            atexit.register(_write_held)
        _held.extend([line] if line not in _held else [])


def _write_held() -> None:
    if not _told:
        sys.stderr.write("".join(_held))
