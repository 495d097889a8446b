"""The step that reads bytes of stack out of a library's objects and writes them down as a header."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mgecc.scons.actions import SignedAction
from mgecc.toolrun.process import write_atomically
from mgecc.toolrun.stack_header import stack_header


def stack_step(env: Any, output: str, name: str, models: Sequence[str], objects: Sequence[Any]) -> Any:
    """The node of the header of a library called ``name`` with these ``models``."""

    def write(target: list[Any], source: list[Any], env: Any) -> int:
        write_atomically(Path(str(target[0])), stack_header(name, models, [str(node) for node in source]))
        return 0

    (node,) = env.Command(output, objects, SignedAction(write, f"STACK {name} {' '.join(models)}", ""))
    return node
