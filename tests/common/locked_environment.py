"""Environments of their own for Python programs whose packages would not go with the project's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def environment(folder: Path, lock: Path) -> Path:
    """The Python of a new environment with the packages of a lock file with hashes."""
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    words = f"-m pip --python {python} install --quiet --disable-pip-version-check --require-hashes".split()
    done = subprocess.run(
        [sys.executable, *words, "-r", lock], stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"{lock.stem} cannot be installed: {done.stderr.strip()[-200:]}")
    return python
