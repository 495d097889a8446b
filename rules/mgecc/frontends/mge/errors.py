"""The one exception of the `.mge` reader."""

from __future__ import annotations

from mgecc.frontends.errors import ModelError, printable

_SHOWN_CHARACTERS = 400


class MgeError(ModelError):
    """The bytes are not a readable model. `offset` counts bytes from the start of the file."""

    def __init__(self, message: str, offset: int) -> None:
        self.message = printable(message)[:_SHOWN_CHARACTERS]
        self.offset = offset
        super().__init__(self.message, offset)

    def __str__(self) -> str:
        return f"{self.message} (at byte {self.offset})"
