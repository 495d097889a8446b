"""What products are made of, to the leaves of the dependency graph: the files that no step makes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from SCons.Node.FS import File

from mgecc import __version__
from mgecc.toolrun.sources import runtime_folder

_PACKAGE = Path(__file__).resolve().parents[1]


def leaf_files(nodes: Iterable[Any]) -> list[Path]:
    """Sources, headers, scripts and data, those among them that only tools know of; sorted.

    Programs from outside of the tree, which the commands of a user's own steps run, are the machine's and left out.
    """
    top = Path.cwd()
    found = {Path(os.path.abspath(path)) for path in _leaves(nodes)}
    return sorted(
        path for path in found if path.is_file() and (path.is_relative_to(top) or not _is_program(path))
    )


def _leaves(nodes: Iterable[Any]) -> Iterator[str]:
    left, seen = list(nodes), set()
    while left:
        node = left.pop()
        if node in seen:
            continue
        seen.add(node)
        left += node.all_children()
        record = getattr(node.attributes, "mge_record", None)
        yield from record.files() if record else ()
        if isinstance(node, File) and not node.is_derived():
            yield node.srcnode().get_abspath()


def _is_program(path: Path) -> bool:
    return os.access(path, os.X_OK)


def leaf_names(paths: Iterable[Path]) -> dict[str, Path]:
    """Each file by a name that is the same on every machine: its place in the tree or in mgecc, else as many of its
    folders as tell it from others."""
    names: dict[str, Path] = {}
    for path in paths:
        choices = _choices(path)
        names[next((name for name in choices if names.get(name, path) == path), choices[-1])] = path
    return names


def _choices(path: Path) -> list[str]:
    homes = {
        "": Path.cwd(),
        f"mgecc-{__version__}/runtime": runtime_folder(),
        f"mgecc-{__version__}": _PACKAGE,
    }
    for name, home in homes.items():
        if path.is_relative_to(home):
            return [(Path(name) / path.relative_to(home)).as_posix()]
    return [Path(*path.parts[-count:]).as_posix() for count in range(2, len(path.parts))] or [path.name]
