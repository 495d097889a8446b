"""Readers of model files: bytes of a stored network become plain records, later a graph.

One package per file format. Each has ``recognises(data)``, whether bytes are a file of its format,
``survey(data, source, input_shapes, functions, folder)``, the graph and its problems, and ``types_of(operator)``, the
types of its nodes that are read as an operator; there is no list to edit. Which one reads a file is decided by its
content.
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
from typing import TYPE_CHECKING

from .errors import ModelError
from .kinds import OtherKind, kind_of

if TYPE_CHECKING:
    from mgecc.graph import Diagnostics, Graph
    from mgecc.ops.custom import CustomFunction

__all__ = ["ModelError", "OtherKind", "survey", "types_of"]


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
) -> tuple[Graph, Diagnostics]:
    """The graph of a model file of any format as far as it could be imported, and the problems.

    ``folder``: where the file lies, for those of whose constants some lie beside it.

    Raises OtherKind for files of kinds that no front end reads, else the front end's ModelError. What nobody knows,
    such as a damaged or encrypted model, is MegEngine's.
    """
    from . import mge  # its package imports this one

    found = next((front_end for front_end in _formats() if front_end.recognises(data)), None)
    kind = kind_of(data) if found is None else None
    if kind is not None:
        raise OtherKind(kind)
    graph, problems = (found or mge).survey(data, source, input_shapes, functions, folder)
    return graph, problems


def types_of(operator: str) -> tuple[str, ...]:
    """The types of nodes, of all formats, that are read as an operator."""
    return tuple(dict.fromkeys(type_ for format_ in _formats() for type_ in format_.types_of(operator)))
