"""Environments for the engines below build/: made once, pinned by requirements/*.txt, each engine by itself.

Engines share one environment but MegEngine, whose wheels end at Python 3.10. Packages are installed without what they
depend on: the lists name all of it, so that a converter does not bring a training framework along.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "peers"
LISTS = HERE / "requirements"
OWN_PYTHON = {"megengine": "python3.10"}


class Missing(Exception):
    """An engine that cannot be had here, and why."""


def interpreter(engine: str) -> Path:
    """Python with the engine's packages, installed if they are not there yet. Raises Missing."""
    own = OWN_PYTHON.get(engine)
    folder = BUILD / (f"env-{engine}" if own else "env")
    python = folder / "bin" / "python"
    if not python.exists():
        found = shutil.which(own) if own else sys.executable
        if not found:
            raise Missing(f"there is no {own}")
        subprocess.run([found, "-m", "venv", str(folder)], check=True)
    for name in (engine,) if own else ("tools", engine):
        if (LISTS / f"{name}.txt").is_file():
            _install(python, folder, LISTS / f"{name}.txt")
    return python


def _install(python: Path, folder: Path, wanted: Path) -> None:
    done = folder / wanted.name
    if done.is_file() and done.read_text() == wanted.read_text():
        return
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--only-binary=:all:",
        "-r",
        str(wanted),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        errors = [line for line in run.stderr.splitlines() if line.startswith("ERROR")]
        raise Missing((errors or ["pip failed"])[-1])
    done.write_text(wanted.read_text())
