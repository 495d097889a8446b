"""Where the C runtime lies, in a checkout and when installed, and which of its files a target needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from mgecc.targets import Target

# Folders of runtime/port by the target's system.
_PORT = {"linux": "linux", "none": "cortexm"}
_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def runtime_folder() -> Path:
    """The folder with include/, src/, runner/ and port/."""
    installed = _PACKAGE / "_runtime"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "runtime"


def cmake_folder() -> Path:
    """The folder with the functions for CMake."""
    installed = _PACKAGE / "_cmake"
    return installed if installed.is_dir() else _PACKAGE.parent / "cmake"


def include_folder() -> Path:
    return runtime_folder() / "include"


def public_headers(cv: bool) -> list[Path]:
    """The headers that lie beside generated ones: what these include, and that for C++; ``cv``: also that of image
    functions."""
    names = ["mgecc.h", "mgecc.hpp", *["mgecc_cv.h"] * cv]
    return [include_folder() / name for name in names]


def runtime_sources(
    sizes: bool = False, threads: bool = False, trusted: bool = False, bound: bool = False
) -> list[Path]:
    """C files every library holds; with ``sizes``, those for models with declared sizes too, likewise ``threads``,
    for blobs that are not always checked, ``trusted``, and for inputs or outputs outside of the arena, ``bound``."""
    left_out = {
        "sizes.c": not sizes,
        "threads.c": not threads,
        "trusted.c": not trusted,
        "trusted_sizes.c": not (trusted and sizes),
        "bound.c": not bound,
        "open_bound.c": not bound,
        "trusted_bound.c": not (trusted and bound),
    }
    files = sorted((runtime_folder() / "src").glob("*.c"))
    return [path for path in files if not left_out.get(path.name)]


def runtime_files() -> list[Path]:
    """Every C file and internal header of the runtime; a linker drops what a model does not need."""
    return [
        *runtime_sources(sizes=True, threads=True, trusted=True, bound=True),
        *sorted((runtime_folder() / "src").glob("*.h")),
    ]


def runner_sources(target: Target, threads: bool = False) -> list[Path]:
    """C files of the program that runs recorded inputs, with the port to the target's system, without runner.c itself.

    That one is compiled as ``runner_main`` says. ``threads``: with the port's pool of threads.
    """
    root = runtime_folder()
    folders = [root / "runner", root / "port" / _PORT[target.system]]
    left_out = {"runner.c"} if threads else {"runner.c", "pool.c"}
    return sorted(path for folder in folders for path in folder.glob("*.c") if path.name not in left_out)


def cxx_sources() -> list[Path]:
    """C files of what programs in C++ need of their language's runtime."""
    return sorted((runtime_folder() / "port" / "cxx").glob("*.c"))


def runner_main(name: str, sizes: bool = False, bound: bool = False) -> str:
    """C text that makes the runner of the model called ``name``; ``sizes``: it has declared sizes; ``bound``: inputs or
    outputs lie in memory of the application's."""
    from mgecc.emit.naming import model_prefix  # loads NumPy, which null builds do without

    prefix = model_prefix(name)
    return (
        ("#define MG_SIZES\n" if sizes else "")
        + (f"#define MG_BUFFERS_SIZE {prefix.upper()}_BUFFERS_SIZE\n" if bound else "")
        + f'#define MG_MODEL_HEADER "{name}.h"\n#define MG_MODEL {prefix}\n'
        f"#define MG_ARENA_SIZE {prefix.upper()}_ARENA_SIZE\n#define MG_THREADS {prefix.upper()}_THREADS\n"
        f'#define MG_SHAPE_SETS {prefix.upper()}_SHAPE_SETS\n#include "runner.c"\n'
    )


def runner_includes(target: Target) -> list[Path]:
    root = runtime_folder()
    return [include_folder(), root / "runner", root / "port" / _PORT[target.system]]


def board_template() -> Path:
    """The linker script of which those of boards are made."""
    return runtime_folder() / "port" / _PORT["none"] / "cortex-m.ld.j2"


def board_script(board: dict[str, Any]) -> str:
    """Linker script for a board."""
    from mgecc.emit.linker import linker_script  # loads NumPy, which null builds do without

    return linker_script(board_template().read_text(encoding="utf-8"), board)
