"""What a tool has read besides what SCons knew of: written down beside its output, and compared before the next build.

SCons finds headers by reading ``#include`` in the text. Macros, ``-include``, folders in flags, ``.incbin`` and
``INCLUDE`` of linker scripts are known to the tools alone, which tell of them once they have run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mgecc.scons.inputs import Stamp, stamp
from mgecc.toolrun.cache import Cache, action_key
from mgecc.toolrun.cache.store import file_digest
from mgecc.toolrun.depfile import Read, local
from mgecc.toolrun.process import write_atomically

# Files are stamped by a clock that goes in steps of some milliseconds, up to so many nanoseconds behind.
_CLOCK_STEP = 10_000_000
_MOST_LISTS = 8
_digests: dict[str, tuple[Stamp, str]] = {}


def digest(path: str) -> str:
    """SHA-256 of a file, read once while it is the same one; empty if there is none."""
    now = stamp(path)
    if _digests.get(path, ((), ""))[0] != now or not now:
        try:
            _digests[path] = now, file_digest(Path(path))
        except OSError:
            _digests[path] = (), ""
    return _digests[path][1]


@dataclass(frozen=True)
class Extra:
    """What a tool has read besides what SCons knew of, with digests of one moment; see ``Read``."""

    files: tuple[tuple[str, str], ...] = ()
    absent: tuple[str, ...] = ()
    known: bool = True

    @classmethod
    def now(cls, read: Read) -> Extra:
        return cls(tuple((path, digest(path)) for path in read.files), read.absent, read.known)

    def written_since(self, begun: int) -> bool:
        """Whether a file was written at ``begun`` (nanoseconds of the clock) or later, as far as clocks can tell."""
        stamps = (stamp(path) for path, _ in self.files)
        return any(not now or now[-1] > begun - _CLOCK_STEP for now in stamps)


class Record(Protocol):
    """What a step was made of, as it was the last time."""

    def changes(self) -> list[str]:
        """What is not as it was then."""

    def files(self) -> list[str]:
        """The files that it tells of."""


@dataclass(frozen=True)
class Reads:
    """The record of what one step read, kept in ``path``."""

    path: Path

    def forget(self) -> None:
        """Let the output count as made of something unknown, until ``write``."""
        self.path.unlink(missing_ok=True)

    def write(self, extra: Extra) -> None:
        document = {"files": dict(extra.files), "absent": list(extra.absent), "known": extra.known}
        write_atomically(self.path, (json.dumps(document, indent=1) + "\n").encode())

    def changes(self) -> list[str]:
        """What is not as it was then; empty if the tool would read the same again."""
        try:
            document = json.loads(self.path.read_bytes())
            files, absent = dict(document["files"]), list(document["absent"])
            known = document["known"] is True
        except (OSError, ValueError, TypeError, KeyError):
            return ["the record of what it was made of"]
        changed = [os.path.basename(path) for path, before in files.items() if digest(path) != before]
        new = [f"{os.path.basename(path)} (new)" for path in absent if os.path.exists(path)]
        return [*changed, *new] if known else ["what its assembler reads, which is not known,"]

    def files(self) -> list[str]:
        """The files in the record; none if there is no record."""
        return recorded_files(self.path)


def recorded_files(path: Path) -> list[str]:
    """The files that a record names; none if there is no record."""
    try:
        return list(json.loads(path.read_bytes())["files"])
    except (OSError, ValueError, TypeError, KeyError):
        return []


def record_node(env: Any, text: str, record: Record) -> Any:
    """A node called ``text`` that has changed when ``record`` tells of changes."""
    node = env.Value(text)

    def has_changed(node: Any, _target: Any, _before: Any, _repository: Any = None) -> bool:
        node.get_csig()  # SCons counts on it that deciding fills this in
        return bool(record.changes())

    node.Decider(has_changed)
    node.attributes.mge_record = record
    return node


def depend_on_reads(env: Any, target: Any, reads: Reads) -> None:
    """Make ``target`` depend on what its tool reads, by the record of the last time."""
    text = f"what {local(os.fspath(reads.path)).removesuffix('.reads')} was made of"
    env.Depends(target, record_node(env, text, reads))
    env.Clean(target, os.fspath(reads.path))
    # What is built and read must be built first; SCons cannot see that it is read.
    env.Requires(target, [env.File(f"#{file}") for file in reads.files() if not os.path.isabs(file)])


def keep(cache: Cache, key: str, outputs: Mapping[str, Path], said: str, extra: Extra) -> None:
    """Keep a result under ``key``, or if the step read more than that covers, its list and a result for these files."""
    if not extra.known:
        return
    if extra != Extra():
        own = (tuple(path for path, _ in extra.files), extra.absent)
        others = [files for files in _fetch_lists(cache, key) if files != own]
        cache.keep_text(_list_key(key), json.dumps([own, *others][:_MOST_LISTS]))
    cache.keep(_final_key(key, extra), outputs, said)


def fetch(cache: Cache, key: str, outputs: Mapping[str, Path], lists: bool) -> tuple[str, Extra] | None:
    """Bring outputs into place; returns what was said and read, None if the cache has not all of it.

    ``lists``: the step may have read more than the key covers.
    """
    kept = cache.fetch(key, outputs)
    if kept:
        return kept.said, Extra()
    for files, absent in _fetch_lists(cache, key) if lists else ():
        extra = Extra.now(Read(files, absent))
        fits = all(found for _, found in extra.files) and not any(map(os.path.exists, absent))
        kept = cache.fetch(_final_key(key, extra), outputs) if fits else None
        if kept:
            return kept.said, extra
    return None


def _fetch_lists(cache: Cache, key: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What steps with this key have read here and elsewhere, and what they missed, newest first."""
    try:
        lists = json.loads(cache.fetch_text(_list_key(key)) or "[]")
        return [(tuple(map(str, files)), tuple(map(str, absent))) for files, absent in lists][:_MOST_LISTS]
    except (ValueError, TypeError):
        return []


def _final_key(key: str, extra: Extra) -> str:
    return key if extra == Extra() else action_key(key, extra.files, extra.absent)


def _list_key(key: str) -> str:
    return action_key("READS", [("", key)], [])
