"""Sizes of what was built and of other engines' libraries, and how long opening takes."""

from __future__ import annotations

import ctypes
import json
import subprocess
import time
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile  # type: ignore[import-untyped]
from mgecc.targets import load_target
from mgecc.targets.toolchain import load_toolchain

OPENINGS = 100
ALLOCATORS = frozenset({"malloc", "calloc", "realloc", "mmap", "sbrk", "posix_memalign", "aligned_alloc"})
# Takes the sum of the header's first 12 bytes as any other; asked to go on behind it, says what the header says.
_NO_CRC = """
#include <stddef.h>
#include <stdint.h>
uint32_t mgecc_crc32(uint32_t crc, const unsigned char *bytes, size_t count)
{
    (void)crc;
    return count == 12 ? 0 : *(const uint32_t *)(const void *)(bytes - 4);
}
"""


def code_of(path: str | Path) -> int:
    """Bytes of text and constants of an object or shared library."""
    with Path(path).open("rb") as file:
        sections = [s for s in ELFFile(file).iter_sections() if s["sh_flags"] & 2 and not s["sh_flags"] & 1]
        return sum(s["sh_size"] for s in sections if s["sh_type"] != "SHT_NOBITS")


def needed_symbols(path: Path) -> set[str]:
    """What an object wants from others."""
    with path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return {s.name for s in table.iter_symbols() if s["st_shndx"] == "SHN_UNDEF" and s.name}


def products_figures(products: Path, name: str) -> dict[str, Any]:
    """Code of runtime and kernels, blob, arena and its bound, allocating functions wanted, nanoseconds of opening."""
    report = json.loads((products / "report.json").read_text(encoding="utf-8"))
    objects = [p for p in sorted((products / "obj").rglob("*.o")) if not p.name.endswith("_blob.o")]
    kernels = [p for p in objects if p.name.endswith("_kernels.o")]
    wanted = set().union(*map(needed_symbols, objects))
    runtime = sum(code_of(p) for p in objects if p not in kernels)
    code = {"kernel_bytes": sum(map(code_of, kernels)), "runtime_bytes": runtime}
    memory = {key: report[key] for key in ("weights", "arena", "arena_bound")}
    return {
        **code,
        **memory,
        "code_bytes": sum(code.values()),
        "blob_bytes": (products / f"{name}.blob").stat().st_size,
        "allocators": sorted(wanted & ALLOCATORS),
        "open_ns": _opening(products / f"lib{name}.so", name, report["arena"]),
        "open_without_crc_ns": _opening(_without_crc(products, name), name, report["arena"]),
    }


def _without_crc(products: Path, name: str) -> Path:
    """The library once more, with a checksum that is always right."""
    toolchain, folder = load_toolchain("zig", load_target("x86_64")), products / "no_crc"
    folder.mkdir(exist_ok=True)
    source, unit, library = folder / "crc.c", folder / "crc.o", folder / f"lib{name}.so"
    source.write_text(_NO_CRC, encoding="utf-8")
    subprocess.run(toolchain.compile_args(source, unit), check=True)
    objects = [p for p in sorted((products / "obj").rglob("*.o")) if p.name != "crc32.o"]
    subprocess.run(toolchain.link_shared_args(library, [*objects, unit], library.name), check=True)
    return library


def _opening(library: Path, name: str, arena_bytes: int) -> int:
    """The least nanoseconds of opening, its pages already in memory."""
    opened = ctypes.CDLL(str(library.resolve()))[f"{name}_open"]
    memory, model = ctypes.create_string_buffer(arena_bytes + 64), (ctypes.c_void_p * 4)()
    arena, size, least = (
        ctypes.c_void_p(ctypes.addressof(memory) + 63 & ~63),
        ctypes.c_size_t(arena_bytes),
        1 << 62,
    )
    for _ in range(OPENINGS):
        start = time.perf_counter_ns()
        status = opened(model, arena, size)
        least = min(least, time.perf_counter_ns() - start)
        if status:
            raise RuntimeError(f"{name}_open: status {status}")
    return least
