"""Text from outside (tools, caches, servers, model files) as a terminal may be given it."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# What turns the order of text around says something else than it shows, so it is written out as controls are.
_HIDDEN = {"Cc", "Cf", "Zl", "Zp", "Cs"}
_KEPT = "\n\t"


class _Escapes(dict[int, str]):
    """A table for ``str.translate`` that learns each character when it first comes along."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        hidden = unicodedata.category(char) in _HIDDEN and char not in _KEPT
        self[code] = char.encode("unicode_escape").decode() if hidden else char
        return self[code]


_escapes = _Escapes()


def printable(text: str) -> str:
    """``text`` with control characters, but line ends and tabs, as escapes: they could move the cursor or worse."""
    return text.replace("\r\n", "\n").translate(_escapes)


class _Printable:
    """A stream that is given nothing raw."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(printable(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def unescaped(stream: Any) -> Any:
    """What ``stream`` writes to, for text that is printable but for colours of the program's own."""
    return stream._stream if isinstance(stream, _Printable) else stream


def show_any_text() -> None:
    """Let standard output and error escape what they have no letters for."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def printable_streams() -> Iterator[None]:
    """Let all that a program prints go through ``printable``, whatever letters its streams have."""
    show_any_text()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Printable(sys.stdout), _Printable(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
