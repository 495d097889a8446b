"""``scons verify-outputs``: whether what lies in the build folder is what the build put there.

SCons itself forgets what a product was like as soon as it has seen another one in its place, so the digests of
products are kept apart, in one file per target.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mgecc.toolrun.cache.store import file_digest
from mgecc.toolrun.process import write_atomically


class OutputLedger:
    """Digests of what steps have written, by path; those below ``folder``/X are kept in ``folder``/.outputs-X.json."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._new: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def note(self, path: Path) -> None:
        """Record a file as it is now; those elsewhere are not recorded."""
        try:
            inner = path.resolve().relative_to(self._folder.resolve()).as_posix()
        except ValueError:
            return
        with self._lock:
            self._new.setdefault(inner.partition("/")[0], {})[inner] = file_digest(path)

    def save(self) -> None:
        """Write down what was noted; raises OSError."""
        with self._lock:
            for name in list(self._new):
                document = dict(sorted((self._load(name) | self._new[name]).items()))
                write_atomically(self._path(name), (json.dumps(document, indent=0) + "\n").encode())
                del self._new[name]

    def digest(self, path: Path) -> str:
        """What a file was like when it was made; empty if that is not known."""
        inner = path.resolve().relative_to(self._folder.resolve()).as_posix()
        return self._load(inner.partition("/")[0]).get(inner, "")

    def known(self) -> Iterator[tuple[Path, str]]:
        """All recorded files with their digests, in order."""
        for path in sorted(self._folder.glob(".outputs-*.json")):
            document = self._load(path.name.removeprefix(".outputs-").removesuffix(".json"))
            yield from ((self._folder / name, digest) for name, digest in document.items())

    def _path(self, name: str) -> Path:
        return self._folder / f".outputs-{name}.json"

    def _load(self, name: str) -> dict[str, str]:
        try:
            document = json.loads(self._path(name).read_bytes())
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}


def edited_files(record: OutputLedger) -> tuple[list[str], int]:
    """A line for every product there is that is not as it was made, whoever asked for it; and how many there are."""
    paths = {path: digest for path, digest in record.known() if path.is_file()}
    edited = [path for path, digest in paths.items() if file_digest(path) != digest]
    return [f"{path}: changed since it was made" for path in edited], len(paths)


def edited_outputs(nodes: Iterable[Any], record: OutputLedger) -> Iterator[str]:
    """One line for every product that is not as it was made."""
    for path in _with_inputs(nodes):
        digest = record.digest(path)
        if not path.is_file():
            yield f"{path}: {'missing' if digest else 'not built'}"
        elif not digest:
            yield f"{path}: there is no record of how it was made"
        elif file_digest(path) != digest:
            yield f"{path}: changed since it was made"


def _with_inputs(nodes: Iterable[Any]) -> list[Path]:
    """The nodes and everything built that they are made from."""
    found: set[str] = set()
    rest = list(nodes)
    while rest:
        node = rest.pop()
        if hasattr(node, "dir") and node.has_builder() and str(node) not in found:
            found.add(str(node))
            rest += [*node.sources, *node.depends]
    return [Path(name) for name in sorted(found)]
