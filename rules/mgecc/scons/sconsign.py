"""SCons' memory of what was built, one file per target, so that builds of different targets do not disturb each other.

SCons keeps one database per run; two runs at once on one file lose each other's entries. This one spreads the
entries over files by the build folder they speak of. It goes in by ``SConsignFile(name, Sharded(folder))``. Every file
begins with the digest of what follows, so that a damaged one is known before anything in it is believed.
"""

from __future__ import annotations

import io
import math
import os
import pickle
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import SCons.SConsign

from mgecc.scons.outputs import OutputLedger
from mgecc.scons.progress import visit
from mgecc.toolrun.diskfull import warn
from mgecc.toolrun.process import write_atomically

_RECORDS = {
    "SCons.SConsign.SConsignEntry",
    "SCons.SConf.SConfBuildInfo",
    *(f"SCons.Node.FS.{kind}{part}Info" for kind in ("File", "Dir") for part in ("Node", "Build")),
    *(
        f"SCons.Node.{kind}{part}Info"
        for kind in ("Python.Value", "Alias.Alias")
        for part in ("Node", "Build")
    ),
}


class Sharded:
    """A database module for SCons whose entries under ``folder``/X lie in ``folder``/.sconsign-X.

    What is known of other folders is kept in ``folder``/.sconsign where ``everything`` is to be kept; else they hold
    sources only, and the entry of each target has the digests of what it was made from. ``record`` is saved before the
    entries, so that nothing counts as built of which it does not know.
    """

    def __init__(self, folder: str, record: OutputLedger | None = None, everything: bool = False) -> None:
        self._folder, self._record, self._everything = folder, record, everything

    def open(self, name: str, _mode: str = "c") -> _Shards:
        root = os.path.dirname(name)
        os.makedirs(root, exist_ok=True)
        return _Shards(os.path.normcase(self._folder), Path(root), self._record, self._everything)


class _Shards:
    def __init__(self, folder: str, root: Path, record: OutputLedger | None, everything: bool) -> None:
        self._folder, self._root, self._record, self._everything = folder, root, record, everything
        self._open: dict[str, _Shard] = {}
        self._sources: dict[str, bytes] = {}
        self._warned = False

    def _shard(self, key: str) -> dict[str, bytes]:
        before, _, inner = key.replace(os.sep, "/").partition(f"{self._folder}/")
        name = "" if before else inner.partition("/")[0]
        if not name and not self._everything:
            return self._sources
        if name not in self._open:
            self._open[name] = _Shard(self._root / (f".sconsign-{name}" if name else ".sconsign"))
        return self._open[name].entries

    def __getitem__(self, key: str) -> bytes:
        return self._shard(key)[key]

    def __setitem__(self, key: str, value: bytes) -> None:
        self._shard(key)[key] = value

    def sync(self) -> None:
        """Write the files whose entries have changed; a folder made clean gets none."""
        self.close()

    def close(self) -> None:
        try:
            if self._record:
                self._record.save()
            for shard in self._open.values():
                shard.save()
        except OSError as error:
            if not self._warned:
                warn(f"{self._root}: {error.strerror}; what was built now may be built again")
            self._warned = True


class _Known(pickle.Unpickler):
    """Makes objects of SCons' records only: a file that came from elsewhere must not run code."""

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in _RECORDS:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a record")
        return super().find_class(module, name)


def _entries(data: bytes) -> dict[str, bytes]:
    """What a file holds, which SCons will unpickle; raises any error where that is not a harmless record."""
    digest, saved = data[:32], data[32:]
    if sha256(saved).digest() != digest:
        raise ValueError("damaged")
    entries = _Known(io.BytesIO(saved)).load()
    for name, record in dict(entries).items():
        if not isinstance(name, str):
            raise TypeError("not a name")
        _Known(io.BytesIO(record)).load()
    return dict(entries)


class _Shard:
    """One file: the digest of its entries, then the entries."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.entries: dict[str, bytes] = {}
        self._saved = b""
        try:
            data = path.read_bytes()
        except OSError:
            return
        try:
            self.entries, self._saved = _entries(data), data[32:]
        except Exception:  # noqa: BLE001 -- a pickle of somebody else's making can fail in any way
            warn(f"{path} is damaged; what it spoke of is built anew")

    def save(self) -> None:
        data = pickle.dumps(self.entries, protocol=4)
        if data == self._saved or not (self.entries or self._saved):
            return
        write_atomically(self._path, sha256(data).digest() + data)
        self._saved = data


class Saver:
    """Writes down what was built every so often, so that a killed build is not begun anew; for ``Progress``.

    SCons calls it between steps, when nothing else touches the entries. Each time it writes all that it knows, so with
    many steps it is asked for less often: a tenth of the time at most goes to it.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._next = math.inf

    def __call__(self, node: Any) -> None:
        visit(node)
        start = time.monotonic()
        if start >= self._next:
            SCons.SConsign.write()
        elif self._next < math.inf:
            return
        end = time.monotonic()
        self._next = end + max(self._seconds, 9 * (end - start))
