"""Errors about ONNX files."""

from __future__ import annotations

from mgecc.frontends.errors import ModelError


class OnnxError(ModelError):
    """The bytes are no ONNX model that can be read."""
