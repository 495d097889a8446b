"""mgecc for programs in Python: ``mgecc.compile`` and ``mgecc.load``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgecc.native import NativeModel, RunFailed, Tensor, load
from mgecc.targets import load_target
from mgecc.toolrun.library import build_library, library_files
from mgecc.toolrun.lock import folder_lock
from mgecc.toolrun.products import read_any, readable_products, write_products

__all__ = ["Compiled", "NativeModel", "RunFailed", "Tensor", "compile", "load"]


@dataclass(frozen=True)
class Compiled:
    """What ``compile`` has made. ``files``: all that was written, libraries last. ``report``: report.json, or nothing
    of image functions alone. ``libraries``: static libraries, one for each kernel set. ``notes``: what the compiler
    has to say."""

    name: str
    folder: Path
    files: tuple[Path, ...]
    report: Mapping[str, Any]
    libraries: tuple[Path, ...]
    notes: tuple[str, ...]

    @property
    def shared(self) -> Path:
        """The shared library. Raises ValueError if there is not exactly one."""
        found = [path for path in self.files if path.suffix == ".so"]
        if len(found) != 1:
            raise ValueError(f"{self.name}: there are {len(found)} shared libraries, not one")
        return found[0]


def compile(
    model: str | Path,
    target: str,
    out: str | Path,
    *,
    cpu: str = "",
    name: str = "",
    optimize: str = "",
    toolchain: str = "zig",
    library: bool = True,
) -> Compiled:
    """Compile a model.yaml, a model file or MegCC's JSON into the folder ``out``, as ``mgecc compile`` does.

    ``target``, ``cpu``: the machine. ``name``, ``optimize``: in the place of what model.yaml says. ``library``: also
    build libraries, by ``toolchain``. Raises mgecc.errors.Reported: the model, the target or a tool is at fault, and
    ``str`` is what ``mgecc compile`` prints.
    """
    folder, machine = Path(out), load_target(target, cpu)
    config = read_any(Path(model), name, optimize)
    products = readable_products(config, target, cpu)
    with folder_lock(folder):
        files = write_products(products, config, folder)
        made = build_library(folder, config, machine, toolchain) if library else []
    report = json.loads(products.files.get("report.json", b"{}"))
    archives = tuple(one.archive for one in made)
    return Compiled(
        config.name, folder, (*files, *library_files(made)), report, archives, tuple(products.notes)
    )
