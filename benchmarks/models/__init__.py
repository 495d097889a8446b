"""Well-known networks for measuring: one a file, with random weights of a fixed seed, written without MegEngine.

``NAME.py`` describes the network that ``bench.py NAME`` and the other scripts take; files that begin with an underscore
are what they share. ``folder_of(NAME)`` writes it below build/ as `.mge` with model.yaml, inputs and expected outputs.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from ._net import SIZE, Net
from ._write import write

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "benchmarks"


def names() -> list[str]:
    """The networks of this folder."""
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def folder_of(name: str, build: Path = BUILD) -> Path:
    """The folder with the network's files, written if missing or older than the scripts."""
    folder = build / name
    made = folder / "model.yaml"
    newest = max(path.stat().st_mtime for path in HERE.glob("*.py"))
    if not made.is_file() or made.stat().st_mtime < newest:
        write(importlib.import_module(f"{__name__}.{name}"), name, folder)
    return folder


__all__ = ["SIZE", "Net", "folder_of", "names"]
