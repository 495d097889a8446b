"""The one exception of the `.mge` reader."""

from __future__ import annotations

_SHOWN_CHARACTERS = 400


def printable(text: str) -> str:
    """Escape what could break a one-line message: control characters, line ends, undecodable marks."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class MgeError(ValueError):
    """The bytes are not a readable model. `offset` counts bytes from the start of the file."""

    def __init__(self, message: str, offset: int) -> None:
        self.message = printable(message)[:_SHOWN_CHARACTERS]
        self.offset = offset
        super().__init__(self.message, offset)

    def __str__(self) -> str:
        return f"{self.message} (at byte {self.offset})"
