"""What a folder is a checkout of, for the provenance of a release."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_SECONDS = 60
_NETWORK = ("https", "http", "ssh", "git")


@dataclass(frozen=True)
class Commit:
    """A commit of git. ``uri``: where it was fetched from, empty if that is no place of a network.

    ``modified``: whether files that git knows are not as they are in the commit.
    """

    digest: str
    uri: str = ""
    modified: bool = False

    def described(self) -> dict[str, Any]:
        """As in-toto's ResourceDescriptor."""
        return {
            "name": "source",
            "digest": {"gitCommit": self.digest},
            **({"uri": self.uri} if self.uri else {}),
            **({"annotations": {"modified": True}} if self.modified else {}),
        }


def checked_out(folder: Path) -> Commit | None:
    """The commit in ``folder``; None if it is no checkout, or git is not there to tell."""
    digest = _git(folder, "rev-parse", "--verify", "HEAD")
    if not digest:
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return Commit(digest, public_uri(_git(folder, "config", "--get", "remote.origin.url")), bool(changes))


def public_uri(remote: str) -> str:
    """``remote`` as SPDX names places of git, without a user's name or password; empty for a folder."""
    if "://" not in remote and ":" in remote.partition("/")[0]:
        place, _, path = remote.partition(":")
        remote = f"ssh://{place}/{path.lstrip('/')}"
    try:
        parts = urlsplit(remote)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in _NETWORK or not parts.hostname:
        return ""
    return f"git+{parts.scheme}://{parts.hostname}{port}{parts.path}"


def _git(folder: Path, *words: str) -> str:
    """What git says; nothing if it fails."""
    command = ["git", "-C", str(folder), "--no-optional-locks", *words]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
