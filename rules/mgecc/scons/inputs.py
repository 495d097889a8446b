"""What a step is made of, as SCons saw it when it decided on the step, compared with what is there after it.

A step opens its inputs some time after their digests were taken. If one was written in between, what the step made must
not be remembered under the old digests, neither by SCons nor in a cache.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from SCons.Node.FS import File
from SCons.Util import hash_file_signature

from mgecc.scons.decider import content_signature

Stamp = tuple[int, ...]


class Inputs:
    """The files that a step depends on. ``signatures``: SCons' digests of them by path."""

    def __init__(self, target: Any) -> None:
        nodes = [node for node in target.children() if isinstance(node, File)]
        self.signatures = {str(node.rfile()): content_signature(node) for node in nodes}
        self._stamps = {path: stamp(path) for path in self.signatures}

    def edited(self) -> list[str]:
        """Names of those that no longer hold what the step was decided upon."""
        return [
            os.path.basename(path) for path, before in self.signatures.items() if _signature(path) != before
        ]

    def touched(self) -> bool:
        """Whether one was written since this was asked last: it holds the same, but what the step read is not known."""
        now = {path: stamp(path) for path in self._stamps}
        before, self._stamps = self._stamps, now
        return now != before


def stamp(path: str | Path) -> Stamp:
    """What the system changes when a file is written or replaced; nobody can set all of it."""
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _signature(path: str) -> str:
    try:
        return str(hash_file_signature(path, chunksize=File.hash_chunksize))
    except OSError:
        return ""
