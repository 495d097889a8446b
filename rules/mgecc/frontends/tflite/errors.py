"""Errors about TensorFlow Lite files."""

from __future__ import annotations

from mgecc.frontends.errors import PlacedError


class TfliteError(PlacedError):
    """The bytes are no TensorFlow Lite model that can be read. `offset` counts bytes from the start of the file."""
