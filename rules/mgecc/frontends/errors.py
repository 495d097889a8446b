"""The base of all errors about files that are no readable model."""

from __future__ import annotations

from mgecc.errors import ModelFault, printable

__all__ = ["ModelError", "PlacedError", "printable"]
_SHOWN_CHARACTERS = 400


class ModelError(ModelFault, ValueError):
    """The bytes are not a readable model of the format whose front end says so; ``str`` is one line."""


class PlacedError(ModelError):
    """A ModelError with a place. `offset` counts bytes from the start of the file."""

    def __init__(self, message: str, offset: int) -> None:
        self.message = printable(message)[:_SHOWN_CHARACTERS]
        self.offset = offset
        super().__init__(self.message, offset)

    def __str__(self) -> str:
        return f"{self.message} (at byte {self.offset})"
