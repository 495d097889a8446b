"""What lies in a static library: bytes of code by kernel, of the runtime, of weights and of static memory."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mgecc.toolrun.flash import elf_sizes
from mgecc.toolrun.stack import stack_of

_MAGIC, _HEADER = b"!<arch>\n", 60
_KERNEL = re.compile(r"mgk_(\w+)_[0-9a-f]{8}")


def members(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents of an archive's files, as System V and GNU write them (ar(5)); ValueError if it is none."""
    if not archive.startswith(_MAGIC):
        raise ValueError("not an archive")
    position, names = len(_MAGIC), b""
    while position + _HEADER <= len(archive):
        header = archive[position : position + _HEADER]
        name, size = header[:16].decode("ascii", "replace").rstrip(), int(header[48:58])
        content = archive[position + _HEADER : position + _HEADER + size]
        position += _HEADER + size + size % 2
        if name == "//":
            names = content
        elif name not in ("/", "/SYM64/"):
            yield _name(name, names), content


def _name(short: str, names: bytes) -> str:
    """A file's name; long ones are "/" and where they begin in the table of names."""
    if short.startswith("/"):
        return names[int(short[1:]) :].split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("/")
    return short.rstrip("/")


def measure(archive: Path) -> dict[str, Any]:
    """Bytes in a library: ``kernels`` by name, ``tables`` (the rest of the objects with kernels), ``runtime``,
    ``weights`` (blobs), ``static`` memory (data and bss), and ``stack`` of opening and running by model, where the
    compiler gave figures."""
    from elftools.elf.elffile import ELFFile  # takes a while to load

    objects = {}
    found: dict[str, Any] = {"kernels": {}, "tables": 0, "runtime": 0, "weights": 0, "static": 0}
    for name, content in members(archive.read_bytes()):
        elf = objects[name] = ELFFile(io.BytesIO(content))
        flash, ram = elf_sizes(elf)
        kernels = _kernels(elf)
        found["static"] += ram
        if name.endswith("_blob.o"):
            found["weights"] += flash
        elif kernels:
            found["kernels"] |= kernels
            found["tables"] += flash - sum(kernels.values())
        else:
            found["runtime"] += flash
    stacks = {model: {k: asdict(s) for k, s in stack.items()} for model, stack in stack_of(objects).items()}
    return found | ({"stack": stacks} if stacks else {})


def _kernels(elf: Any) -> dict[str, int]:
    """Bytes of each kernel's function, by the kernel's name."""
    table = elf.get_section_by_name(".symtab")
    symbols = table.iter_symbols() if table else ()
    functions = {s.name: s["st_size"] for s in symbols if s["st_info"]["type"] == "STT_FUNC"}
    return {m[1]: functions[name] for name in sorted(functions) for m in [_KERNEL.fullmatch(name)] if m}
