"""Where the C runtime lies, in a checkout and when installed, and which of its files a target needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

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


def linker_script(board: dict[str, Any], folder: Path) -> Path:
    """Write the linker script for a board: its memories, then the sections that all boards share."""
    (flash, flash_size), (ram, ram_size) = board["flash"], board["ram"]
    path = folder / "board.ld"
    sections = runtime_folder() / "port" / "cortexm" / "sections.ld"
    path.write_text(
        f"MEMORY\n{{\n    FLASH (rx) : ORIGIN = {flash:#x}, LENGTH = {flash_size:#x}\n"
        f"    RAM (rwx) : ORIGIN = {ram:#x}, LENGTH = {ram_size:#x}\n}}\n"
        + sections.read_text(encoding="utf-8"),
        encoding="utf-8",
    )
    return path
