"""The header <library>_stack.h: bytes of stack of each model, as macros. It is made of the library's objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mgecc.targets import Target
from mgecc.toolrun.stack import Stack, stack_of


def stack_header_name(name: str, target: Target) -> str:
    """The name of the header of a library; empty where systems see to stacks."""
    return f"{name}_stack.h" if target.system == "none" else ""


def stacks_of_files(paths: Iterable[str | Path]) -> dict[str, dict[str, Stack]]:
    """Of each model of a library, by the prefix of its C names: stack of "open" and of "run"."""
    from elftools.elf.elffile import ELFFile  # takes a while to load, and null builds do without

    with_contents = {}
    for path in map(Path, paths):
        with path.open("rb") as file:
            if file.read(4) == b"\x7fELF":
                with_contents[path.name] = ELFFile(path.open("rb"))
    try:
        return stack_of(with_contents)
    finally:
        for elf in with_contents.values():
            elf.stream.close()


def stack_header(name: str, models: Sequence[str], objects: Iterable[str | Path]) -> bytes:
    """Text of the header for a library called ``name`` with these ``models``."""
    from mgecc.emit.naming import model_prefix  # loads NumPy, which null builds do without
    from mgecc.emit.templates import fill

    found = stacks_of_files(objects)
    rows = [_row(model, model_prefix(model), found) for model in models]
    return fill("stack.h.j2", upper=model_prefix(name).upper(), models=rows).encode()


def _row(model: str, prefix: str, found: dict[str, dict[str, Stack]]) -> dict[str, Any]:
    stacks = found.get(prefix, {})
    without = sorted({name for stack in stacks.values() for name in stack.without})
    sizes = {kind: stack.bytes for kind, stack in stacks.items()}
    return {"name": model, "upper": prefix.upper(), "known": bool(sizes), "without": without, **sizes}
