"""Sizes of the sections of ELF objects, read without more ado: the summary asks for those of every object."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# Class in the file's head -> where its head has the table of sections (offset; size and number of entries), and what
# an entry begins with: name, type, flags, address, offset, size.
_HEAD = {1: ("I", 32, 46), 2: ("Q", 40, 58)}
_ENTRY = {1: "IIIIII", 2: "IIQQQQ"}
_WRITE, _ALLOC = 1, 2


@cache
def section_sizes(path: Path) -> tuple[int, int]:
    """Bytes of an ELF object that go to flash (code and constants) and those that need RAM (data and bss).

    Raises ValueError where the file is something else.
    """
    try:
        entries = list(_entries(path.read_bytes()))
    except (struct.error, KeyError, IndexError):
        raise ValueError(f"{path} is no ELF file") from None
    kept = [(flags & _WRITE, length) for _, _, flags, _, _, length in entries if flags & _ALLOC]
    return sum(length for write, length in kept if not write), sum(length for write, length in kept if write)


def _entries(data: bytes) -> Iterator[tuple[int, ...]]:
    """Of the table of sections; raises one of several errors where there is none."""
    order = {b"\x7fELF\1": "<", b"\x7fELF\2": ">"}[data[:4] + data[5:6]]
    kind, table_at, count_at = _HEAD[data[4]]
    (table,) = struct.unpack_from(order + kind, data, table_at)
    size, count = struct.unpack_from(order + "HH", data, count_at)
    for k in range(count):
        yield struct.unpack_from(order + _ENTRY[data[4]], data, table + k * size)
