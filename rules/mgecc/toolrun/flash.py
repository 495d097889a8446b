"""Whether a compiled library fits the flash that its models may take: weights, program and code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgecc.errors import InputError

if TYPE_CHECKING:  # they load NumPy, which a build without limits does without
    from mgecc.config import LibraryConfig, ModelConfig


@cache
def section_sizes(path: Path) -> tuple[int, int]:
    """Bytes of an ELF object that go to flash (code and constants) and those that need RAM (data and bss)."""
    from elftools.elf.elffile import ELFFile  # takes a while to load, and null builds do without

    with path.open("rb") as file:
        return elf_sizes(ELFFile(file))


def elf_sizes(elf: Any) -> tuple[int, int]:
    """The same of an object that is open."""
    from elftools.elf.constants import SH_FLAGS  # likewise

    flash = ram = 0
    for section in elf.iter_sections():
        flags = section["sh_flags"]
        if flags & SH_FLAGS.SHF_ALLOC and flags & SH_FLAGS.SHF_WRITE:
            ram += section["sh_size"]
        elif flags & SH_FLAGS.SHF_ALLOC:
            flash += section["sh_size"]
    return flash, ram


def sum_sizes(objects: Iterable[str | Path]) -> tuple[int, int]:
    """The same of several objects."""
    sizes = [section_sizes(Path(obj)) for obj in objects]
    return sum(flash for flash, _ in sizes), sum(ram for _, ram in sizes)


def check_flash(config: ModelConfig | LibraryConfig, objects: Sequence[str | Path]) -> None:
    """Raise InputError if the objects of a library take more flash than one of its models allows for it."""
    limited = [model for model in config.models if model.flash is not None]
    if not limited:
        return
    model = min(limited, key=lambda model: model.flash or 0)
    blobs = sum_sizes(obj for obj in objects if str(obj).endswith("_blob.o"))[0]
    total, limit = sum_sizes(objects)[0], model.flash or 0
    if total > limit:
        raise InputError(
            f"{model.places.get('flash', model.model.name)}: the library takes {total} bytes of flash, "
            f"{total - limit} more than `flash: {limit}`: {blobs} for weights and program, {total - blobs} for code; "
            "raise `flash`, or ask for `optimize: size`"
        )
