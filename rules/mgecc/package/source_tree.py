"""The C files of a library as a folder of its own, for any C99 compiler: ``include/``, ``src/`` and ``blob/``.

Paths are known before anything is compiled; forms of packages (``backends/``) put them where they want them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from mgecc.package.components import Component
from mgecc.targets import Target
from mgecc.toolrun.sources import public_headers, runtime_files

_FOLDERS = {".h": "include", ".c": "src", ".blob": "blob", ".S": "blob"}
_INCLUDED = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
# Flags of targets that choose among equals; a user's toolchain has its own way.
_OPEN = ("-fshort-enums", "-fno-unwind-tables")
# What results depend on in the last bits, by compilers that know these words.
_ARITHMETIC = ("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")


def source_tree(outputs: Iterable[str], folder: Path, user: Iterable[Path] = ()) -> dict[str, Path]:
    """Path in the package -> the file that it copies: of the products ``outputs`` in ``folder``, of the runtime, and
    ``user``, C files and headers of the user's."""
    names = [name for name in outputs if PurePosixPath(name).suffix in _FOLDERS]
    own = {f"{_FOLDERS[PurePosixPath(name).suffix]}/{name}": folder / name for name in names}
    headers = public_headers(any(name.endswith("_cv.h") for name in names))
    models = any(name.endswith(".blob") for name in names)
    return {
        **own,
        **{f"include/{path.name}": path for path in headers},
        **({f"src/runtime/{path.name}": path for path in runtime_files()} if models else {}),
        **{f"src/user/{path.name}": path for path in user},
    }


def all_paths(tree: Mapping[str, Path]) -> list[str]:
    """The paths of a tree and of the C arrays that are made of its blobs."""
    return [*tree, *map(_array, _blobs(tree))]


def source_component(component: Component, tree: Mapping[str, Path]) -> Component:
    """The component with a source tree in the place of its libraries, and with its blobs as C arrays."""
    from mgecc.emit import blob_c  # loads NumPy, which null builds do without

    blobs = {path: tree[path] for path in _blobs(tree)}
    arrays = {_array(path): blob_c(file.stem, file.read_bytes()).encode() for path, file in blobs.items()}
    return replace(component, files=dict(tree), texts=arrays)


def too_large(tree: Mapping[str, Path]) -> bool:
    """Whether a blob of the tree is too large for a C array."""
    from mgecc.emit import ARRAY_LIMIT  # loads NumPy, which null builds do without

    return any(tree[path].stat().st_size > ARRAY_LIMIT for path in _blobs(tree))


def with_headers(sources: Iterable[Path]) -> list[Path]:
    """C files of the user's and, in whatever depth, the headers beside them that they include."""
    found: dict[Path, None] = {}
    rest = list(sources)
    while rest:
        path = rest.pop(0)
        if path not in found and path.is_file():
            found[path] = None
            text = path.read_text(encoding="utf-8", errors="replace")
            rest += [path.parent / name for name in _INCLUDED.findall(text)]
    return list(found)


def source_flags(target: Target, optimize: str) -> list[str]:
    """Flags that a compiler of the user's needs, if it is GCC or a Clang.

    The toolchain of a microcontroller says itself for which core it compiles.
    """
    needed = [flag for flag in target.cflags if flag not in _OPEN]
    machine = needed if target.system == "linux" else [flag for flag in needed if flag.startswith("-f")]
    return [*machine, *_ARITHMETIC, *(["-DMGECC_SMALL"] if optimize == "size" else [])]


def _blobs(tree: Mapping[str, Path]) -> list[str]:
    return [path for path in tree if path.endswith(".blob")]


def _array(blob: str) -> str:
    return f"src/{PurePosixPath(blob).stem}_blob.c"
