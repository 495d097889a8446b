"""``scons compiledb``: compile_commands.json, for editors and analysers that want to know how C files are compiled."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mgecc.toolrun.process import write_atomically

_commands: dict[str, Callable[[], dict[str, Any]]] = {}


def remember(output: Any, source: Any, make_args: Callable[[str, list[str]], Any]) -> None:
    """Note how ``output`` is made of ``source``; costs next to nothing unless the file is asked for."""

    def entry() -> dict[str, Any]:
        args = [str(word) for word in make_args(str(output), [str(source)])]
        return {"directory": os.getcwd(), "file": str(source), "output": str(output), "arguments": args}

    _commands[output.get_abspath()] = entry


def write_compile_commands(path: Path) -> int:
    """Write all commands noted so far; returns their number."""
    entries = [_commands[name]() for name in sorted(_commands)]
    write_atomically(path, (json.dumps(entries, indent=1) + "\n").encode())
    return len(entries)
