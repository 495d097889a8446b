"""The step that reads bytes of stack out of a library's objects and writes them down as a header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mgecc.scons.actions import SignedAction
from mgecc.toolrun.process import write_atomically
from mgecc.toolrun.stack_header import stack_header, stack_header_name


def stack_nodes(request: Any, objects: Mapping[str, Sequence[Any]]) -> list[Any]:
    """The header with bytes of stack, where it is the application that must know. ``objects``: by kernel set."""
    name, models = request.name, list(request.contents.models)
    header = stack_header_name(name, request.target)

    def write(target: list[Any], source: list[Any], env: Any) -> int:
        write_atomically(Path(str(target[0])), stack_header(name, models, [str(node) for node in source]))
        return 0

    action = SignedAction(write, f"STACK {name} {' '.join(models)}", "")
    nodes = [node for member in objects.values() for node in member]
    return list(request.env.Command(f"{request.folder}/{header}", nodes, action)) if header else []
