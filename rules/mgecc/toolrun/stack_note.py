"""What objects for targets without an operating system say of stacks: how large, but not if executable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mgecc.targets import Target
from mgecc.toolrun.stack import keep_frames


def finisher(target: Target) -> Callable[[Path], None] | None:
    """What objects for this target go through behind the compiler."""
    return _finish if target.system == "none" else None


def _finish(obj: Path) -> None:
    drop_stack_note(obj)
    keep_frames(obj)


def drop_stack_note(obj: Path) -> None:
    """Turn the section ``.note.GNU-stack`` of an ELF object into an inactive one (SHT_NULL).

    Clang writes it for every target. GNU ld warns of all objects without it, such as GCC's crtn.o, as soon as one
    object has it. An inactive header leaves the numbers of the other sections as they are.
    """
    # Takes a while to load, and null builds do without.
    from elftools.elf.elffile import ELFFile

    with obj.open("r+b") as file:
        if file.read(4) != b"\x7fELF":  # bitcode, where a target of the user's own asks for it
            return
        elf = ELFFile(file)
        index = elf.get_section_index(".note.GNU-stack")
        if index is not None:
            size = elf["e_shentsize"]
            file.seek(elf["e_shoff"] + index * size)
            file.write(bytes(size))
