"""Archives that are the same bytes wherever and whenever they are made."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping


class EpochError(ValueError):
    """SOURCE_DATE_EPOCH is not a number of seconds; ``str`` is one line."""


def source_date() -> int:
    """Seconds since 1970 that stand for the time of making: SOURCE_DATE_EPOCH, else 0. Raises EpochError."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise EpochError(f"SOURCE_DATE_EPOCH is {text!r}, not a number of seconds")
    return int(text)


def tar_bytes(files: Mapping[str, bytes], root: str, date: int) -> bytes:
    """A tar archive of ``files`` below the folder ``root``: sorted, of nobody, readable by all, of one date."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(f"{root}/{name}")
            entry.size, entry.mtime, entry.mode = len(files[name]), date, 0o644
            archive.addfile(entry, io.BytesIO(files[name]))
    return buffer.getvalue()
