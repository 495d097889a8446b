"""Readers of model files: bytes of a stored network become plain records, later a graph.

One package per file format. Each has ``recognises(data)``, whether bytes are a file of its format,
``survey(data, source, given)``, the graph and its problems, and
``types_of(operator)``, the types of its nodes that are read as an operator, which ``TITLE`` heads in lists. One whose
files may leave sizes of inputs open has ``open_inputs(data)``, one with conditions ``deciding_inputs(data)``, one whose
constants may lie in other files a module ``beside`` with ``files_beside(data)``. There is no list to edit. Which one
reads a file is decided by its content.
A front end is a reader and translation rules (``rules``) over the one builder of graphs (``build``).
A reader treats its input as hostile: every offset, length and count is
bounded by the buffer, and bytes that are not a readable model raise that reader's ``ModelError``, never another
exception. May import `mgecc.graph`, `mgecc.ops`, numpy and pyyaml; never `mgecc.scons` or
`mgecc.config`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .errors import ModelError
from .kinds import OtherKind, kind_of

if TYPE_CHECKING:
    from mgecc.graph import Diagnostics, Graph
    from mgecc.ops.custom import CustomFunction

__all__ = [
    "ModelError",
    "OtherKind",
    "deciding_inputs",
    "files_beside",
    "open_inputs",
    "survey",
    "titles",
    "types_of",
]


_PARTS = 16
"""Of a file: less than one of them is copied from it rather than keeping the rest in memory."""


@cache
def _formats() -> tuple[ModuleType, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in names)


def survey(
    data: bytes,
    source: str,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
    functions: Mapping[str, CustomFunction] | None = None,
    folder: Path | None = None,
    bound: Mapping[str, Any] | None = None,
) -> tuple[Graph, Diagnostics]:
    """The graph of a model file of any format as far as it could be imported, and the problems.

    ``folder``: where the file lies, for those of whose constants some lie beside it. ``bound``: numbers of inputs that
    are constants, by name.

    Raises OtherKind for files of kinds that no front end reads, else the front end's ModelError. What nobody knows,
    such as a damaged or encrypted model, is MegEngine's.
    """
    from . import mge  # its package imports this one
    from .given import Given  # loads the operators

    found = _reader(data)
    kind = kind_of(data) if found is None else None
    if kind is not None:
        raise OtherKind(kind)
    given = Given(input_shapes or {}, functions or {}, folder, bound or {})
    graph, problems = (found or mge).survey(data, source, given)
    _let_go(graph, len(data))
    return graph, problems


def _let_go(graph: Graph, size: int) -> None:
    """Copy constants that view a file of ``size`` bytes if they are a small part of it, else all of it stays."""
    views = [value for value in graph.values() if value.const is not None and _is_view(value.const)]
    if sum(value.const.nbytes for value in views if value.const is not None) < size / _PARTS:
        for value in views:
            value.const = value.const.copy() if value.const is not None else None


def _is_view(array: Any) -> bool:
    """Whether numbers lie in memory that is no array's own."""
    while array.base is not None and hasattr(array.base, "base"):
        array = array.base
    return array.base is not None


def _reader(data: bytes | memoryview) -> Any:
    """The front end that reads a file; None if there is none."""
    return next((front_end for front_end in _formats() if front_end.recognises(data)), None)


def open_inputs(data: bytes) -> dict[str, tuple[int | str, ...] | None]:
    """Inputs whose shapes a file leaves open, by name: numbers and names of sizes, None if it has neither.

    Raises the front end's ModelError.
    """
    tell = getattr(_reader(data), "open_inputs", None)
    return tell(data) if tell else {}


def deciding_inputs(data: bytes) -> list[str]:
    """Inputs of a few integers or bools on which conditions and numbers of steps depend.

    Raises the front end's ModelError.
    """
    tell = getattr(_reader(data), "deciding_inputs", None)
    return list(tell(data)) if tell else []


def files_beside(data: memoryview) -> list[str]:
    """Names of further files, in the model's folder, that its constants lie in.

    A build asks that has nothing to do yet: only front ends are loaded that have a module ``beside``, and no NumPy.
    """
    for path in sorted(path for folder in __path__ for path in Path(folder).glob("*/beside.py")):
        name = f"{__name__}.{path.parent.name}"
        if importlib.import_module(name).recognises(data):
            return list(importlib.import_module(f"{name}.beside").files_beside(data))
    return []


def titles() -> dict[str, str]:
    """What the types of nodes of each format are called in lists, by the name of the front end."""
    return {format_.__name__.rpartition(".")[2]: format_.TITLE for format_ in _formats()}


def types_of(operator: str) -> dict[str, tuple[str, ...]]:
    """The types of nodes that are read as an operator, by the name of the front end."""
    return dict(zip(titles(), (format_.types_of(operator) for format_ in _formats())))
