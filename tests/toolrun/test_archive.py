"""What a static library holds is read from the archive itself, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest
from mgecc.toolrun.archive import members


def entry(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)


def test_names_are_whole_long_or_short_and_tables_are_no_members(tmp_path: Path) -> None:
    long = "a_name_that_is_longer_than_sixteen.o"
    table = f"{long}/\n".encode()
    archive = b"!<arch>\n" + entry("/", b"\0" * 5) + entry("//", table)
    archive += entry("short.o/", b"odd") + entry("/0", b"even")
    assert list(members(archive)) == [("short.o", b"odd"), (long, b"even")]


def test_what_is_no_archive_is_told() -> None:
    with pytest.raises(ValueError, match="not an archive"):
        list(members(b"\x7fELF"))
