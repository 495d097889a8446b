"""Where the C runtime lies, in a checkout and when installed, and which of its files a target needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from mgecc.targets import Target

# Folders of runtime/port by the target's system.
_PORT = {"linux": "linux", "none": "cortexm"}


@cache
def runtime_folder() -> Path:
    """The folder with include/, src/, runner/ and port/."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_runtime"
    return installed if installed.is_dir() else package.parents[1] / "runtime"


def include_folder() -> Path:
    return runtime_folder() / "include"


def runtime_sources() -> list[Path]:
    """C files every library holds."""
    return sorted((runtime_folder() / "src").glob("*.c"))


def runner_sources(target: Target) -> list[Path]:
    """C and assembly files of the program that runs recorded inputs, with the start-up code of the target's system."""
    root = runtime_folder()
    folders = [root / "runner", root / "port" / _PORT[target.system]]
    return sorted(path for folder in folders for path in folder.glob("*") if path.suffix in (".c", ".S"))


def runner_includes(target: Target) -> list[Path]:
    root = runtime_folder()
    return [include_folder(), root / "runner", root / "port" / _PORT[target.system]]
