"""The one exception of the `.mge` reader."""

from __future__ import annotations

from mgecc.frontends.errors import PlacedError


class MgeError(PlacedError):
    """The bytes are not a readable model. `offset` counts bytes from the start of the file."""
