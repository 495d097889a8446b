"""Programs that tests run."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def printed(words: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None, status: int = 0) -> str:
    """What a program prints, to whichever stream; it has to end with this status."""
    done = subprocess.run(
        words, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == status, done.stdout
    return done.stdout
