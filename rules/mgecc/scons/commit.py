"""The commit that the provenance of a release tells, as a dependency of the archive."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mgecc.package.repository import Commit, checked_out
from mgecc.toolrun.process import write_atomically


@dataclass(frozen=True)
class CommitRecord:
    """The commit that was told last, kept in ``path``."""

    path: Path

    def write(self, commit: Commit | None) -> None:
        write_atomically(self.path, _text(commit))

    def changes(self) -> list[str]:
        try:
            before = self.path.read_bytes()
        except OSError:
            return ["the record of the commit"]
        return [] if before == _text(checked_out(Path.cwd())) else ["the commit"]

    def files(self) -> list[str]:
        return []


def _text(commit: Commit | None) -> bytes:
    return (json.dumps(commit.described() if commit else None, sort_keys=True) + "\n").encode()
