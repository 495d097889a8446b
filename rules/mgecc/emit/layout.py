"""Generated C in the layout of the project's own C, by clang-format.

Templates lay out nothing: what they put together is indented and broken into lines here, once it is whole.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from mgecc.errors import Reported

_STYLE = Path(__file__).with_name("c_style.yaml")


class LayoutError(Reported):
    """clang-format cannot be run; ``str`` is one line that says what to do."""

    def about(self, file: str) -> str:
        return f"{file}: {self}"


def laid_out(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same files, their C laid out. Raises LayoutError."""
    return {name: _formatted(data) if name.endswith(".c") else data for name, data in files.items()}


def _formatted(text: bytes) -> bytes:
    command = [_program(), f"--style=file:{_STYLE}", "--assume-filename=kernels.c"]
    done = subprocess.run(command, input=text, capture_output=True, check=False, env={})
    if done.returncode:
        raise LayoutError(f"clang-format failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _program() -> str:
    """The binary of the package clang-format, whose version decides about the layout, not one that PATH finds."""
    found = importlib.util.find_spec("clang_format")
    folders = list(found.submodule_search_locations or []) if found else []
    name = "clang-format.exe" if sys.platform == "win32" else "clang-format"
    program = next(
        (path for folder in folders if (path := Path(folder, "data", "bin", name)).is_file()), None
    )
    if program is None:
        raise LayoutError(
            "generated C is laid out by clang-format, which is not installed: pip install clang-format"
        )
    return str(program)
