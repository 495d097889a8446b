"""The base of all errors about files that are no readable model."""

from __future__ import annotations

from mgecc.errors import ModelFault


def printable(text: str) -> str:
    """Escape what could break a one-line message: control characters, line ends, undecodable marks."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class ModelError(ModelFault, ValueError):
    """The bytes are not a readable model of the format whose front end says so; ``str`` is one line."""
