"""Sizes of sections, against another reader of ELF files."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from mgecc.rules.sections import section_sizes
from mgecc.targets import load_target, load_toolchain

SOURCE = "int counter = 3, room[50]; const int table[] = {1, 2, 3}; int get(int k) { return counter + table[k]; }\n"


@pytest.mark.parametrize("target", ["arm64", "armv7", "x86_64", "baremetal"])
def test_flash_and_ram_are_the_sums_of_allocated_sections(tmp_path: Path, target: str) -> None:
    source, obj = tmp_path / "a.c", tmp_path / "a.o"
    source.write_text(SOURCE)
    toolchain = load_toolchain("zig", load_target(target))
    subprocess.run(toolchain.compile_args(source, obj, [], "speed"), check=True)
    with obj.open("rb") as file:
        kept = [s for s in ELFFile(file).iter_sections() if s["sh_flags"] & 2]
        flash = sum(s["sh_size"] for s in kept if not s["sh_flags"] & 1)
        ram = sum(s["sh_size"] for s in kept if s["sh_flags"] & 1)
    assert section_sizes(obj) == (flash, ram)
    assert ram == 4 + 200 and flash > 12


def test_what_is_no_object_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.o"
    heads = [b"", b"\x7fELF", b"\x7fELF\x02\x01", b"\x7fELF\x01\x02" + b"\xff" * 60]
    for data in [*heads, random.Random(1).randbytes(200)]:
        path.write_bytes(data)
        section_sizes.cache_clear()
        with pytest.raises(ValueError, match="x.o is no ELF file"):
            section_sizes(path)
