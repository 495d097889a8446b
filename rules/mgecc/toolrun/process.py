"""Starting compilers and linkers so that nothing but their arguments decides what they write."""

from __future__ import annotations

import errno
import filecmp
import glob
import itertools
import os
import secrets
import shlex
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from mgecc.errors import Reported

_KEPT = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT")
# Settings of programs that stand before a compiler; what that compiler writes does not depend on them.
_KEPT_PREFIXES = ("CCACHE_", "DISTCC_", "ICECC_", "SCCACHE_")


class ToolError(Reported):
    """A tool refused its input; ``str`` is its command and what it said."""


def clean_environment() -> dict[str, str]:
    """The only environment tools see: no CPATH, CFLAGS, locale or time zone of the user."""
    kept = {key: value for key, value in os.environ.items() if key in _KEPT or key.startswith(_KEPT_PREFIXES)}
    return kept | {"LC_ALL": "C"}


def run_tool(
    make_args: Callable[[str], Sequence[str]],
    output: Path,
    finish: Callable[[Path], None] | None = None,
) -> str:
    """Run ``make_args(temporary name)``, then give the finished file its name; returns what the tool printed.

    ``finish`` changes the file before that.
    A killed run leaves no half-written output. Raises ToolError, and OSError where the disk was full.
    """
    partial = temporary_name(output)
    args = list(make_args(str(partial)))
    done = subprocess.run(
        args,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=clean_environment(),
        check=False,
    )
    if done.returncode:
        why = _full_disk(done, output.parent)
        _remove(partial)
        if why:
            raise OSError(errno.ENOSPC, why, os.fspath(output))
        raise ToolError(f"{shlex.join(args)}\n{done.stdout}".rstrip())
    try:
        if finish:
            finish(partial)
        _put(partial, output)
    except FileNotFoundError:
        raise ToolError(f"{shlex.join(args)}\nthere is no {partial} after it") from None
    return done.stdout


def _put(partial: Path, output: Path) -> None:
    """Give a finished file its name; an output with the same bytes keeps its time."""
    if output.is_file() and filecmp.cmp(partial, output, shallow=False):
        partial.unlink()
    else:
        os.replace(partial, output)


def _full_disk(done: subprocess.CompletedProcess[str], folder: Path) -> str:
    """What says that a tool failed because the disk is full; empty if it did for another reason.

    Linkers write through memory: all they get is a bus error, which means that if there is little room indeed.
    """
    full = os.strerror(errno.ENOSPC)
    told = [line.strip() for line in done.stdout.splitlines() if full in line]
    if told or done.returncode != -signal.SIGBUS:
        return told[-1] if told else ""
    inputs = sum(os.path.getsize(word) for word in done.args[1:] if os.path.isfile(word))
    disk = os.statvfs(folder)
    return full if disk.f_bavail * disk.f_frsize < 2 * inputs + (1 << 20) else ""


def remove_leftovers(output: Path) -> None:
    """Remove what a killed step that was to write ``output`` has left beside it, under names of ours or of a tool's."""
    for path in output.parent.glob(f"{glob.escape(output.name)}*.partial*"):
        path.unlink(missing_ok=True)


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file has these bytes; read piece by piece, as both may be large."""
    view, at = memoryview(data), 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            if piece != view[at : at + len(piece)]:
                return False
            at += len(piece)
    return at == len(data)


def temporary_name(output: Path) -> Path:
    """A name beside ``output``, whose folder is made, for what will be renamed to it; no two writers have the same."""
    output.parent.mkdir(parents=True, exist_ok=True)
    return output.with_name(f"{output.name}.{os.getpid():x}{next(_count):x}.partial")


_count = itertools.count(secrets.randbits(32))


def _remove(partial: Path) -> None:
    """Remove a temporary file, and what a tool has put beside it under names that begin like it."""
    for path in partial.parent.glob(f"{glob.escape(partial.stem)}*"):
        path.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a temporary name first; a file that already holds ``data`` is not touched."""
    if path.is_file() and _holds(path, data):
        return
    partial = temporary_name(path)
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        error.filename = os.fspath(path)  # a full disk is found by a write, which names no file
        raise
