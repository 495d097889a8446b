"""Code of a library by file and section, from its objects."""

from __future__ import annotations

from pathlib import Path

from elftools.elf.elffile import ELFFile  # type: ignore[import-untyped]


def code_sections(folder: Path) -> list[tuple[str, str, int]]:
    """Text and constants of kernels and runtime, every object but the blob's: file, section and bytes."""
    found = []
    for path in sorted((folder / "obj").rglob("*.o")):
        if not path.name.endswith("_blob.o"):
            with path.open("rb") as file:
                sections = [s for s in ELFFile(file).iter_sections() if s["sh_flags"] & 2]
                found += [(path.name, str(s.name), int(s["sh_size"])) for s in sections]
    return found


def code_bytes(folder: Path) -> int:
    """Text and constants of kernels and runtime."""
    return sum(size for _, _, size in code_sections(folder))
