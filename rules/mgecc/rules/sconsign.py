"""SCons' memory of what was built, one file per target, so that builds of different targets do not disturb each other.

SCons keeps one database per run; two runs at once on one file lose each other's entries. This one spreads the
entries over files by the build folder they speak of. It goes in by ``SConsignFile(name, Sharded(folder))``.
"""

from __future__ import annotations

import os
import time
from typing import Any

import SCons.SConsign
from SCons import dblite


class Sharded:
    """A database module for SCons whose entries under ``folder``/X lie in ``folder``/.sconsign-X.

    What is known of sources is not kept: the entry of each target has the digests of what it was made from.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def open(self, name: str, mode: str = "c") -> _Shards:
        root = os.path.dirname(name)
        os.makedirs(root, exist_ok=True)
        return _Shards(os.path.normcase(self._folder), root, mode)


class _Shards:
    def __init__(self, folder: str, root: str, mode: str) -> None:
        self._folder, self._root, self._mode = folder, root, mode
        self._open: dict[str, Any] = {}
        self._sources: dict[str, bytes] = {}

    def _shard(self, key: str) -> Any:
        parts = key.replace(os.sep, "/").split("/")
        if len(parts) < 2 or parts[0] != self._folder:
            return self._sources
        name = parts[1]
        if name not in self._open:
            self._open[name] = dblite.open(os.path.join(self._root, f".sconsign-{name}"), self._mode)
        return self._open[name]

    def __getitem__(self, key: str) -> bytes:
        return self._shard(key)[key]

    def __setitem__(self, key: str, value: bytes) -> None:
        self._shard(key)[key] = value

    def sync(self) -> None:
        """Write the files whose entries have changed; a folder made clean gets none."""
        self.close()

    def close(self) -> None:
        for shard in self._open.values():
            shard.close()


class Saver:
    """Writes down every second what was built, so that a killed build is not begun anew; for ``Progress``.

    SCons calls it between steps, when nothing else touches the entries.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    def __call__(self, _node: Any) -> None:
        if time.monotonic() >= self._next:
            SCons.SConsign.write()
            self._next = time.monotonic() + self._seconds
