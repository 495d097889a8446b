"""Errors about ONNX files."""

from __future__ import annotations

from mgecc.frontends.errors import ModelError, printable


class OnnxError(ModelError):
    """The bytes are no ONNX model that can be read. Names in the message are as the file has them."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))
