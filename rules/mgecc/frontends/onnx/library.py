"""The package ``onnx``, where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mgecc.frontends.errors import printable

from .errors import OnnxError

try:
    import onnx
    import onnx.defs
    import onnx.helper
    import onnx.inliner
    import onnx.numpy_helper
    import onnx.shape_inference
    import onnx.version_converter
except ImportError as error:
    raise OnnxError(
        f"this is an ONNX model, and the package onnx that reads them cannot be imported ({printable(str(error))}); "
        "run: pip install 'mgecc[onnx]'"
    ) from None

OPSET = 24
"""The version of ONNX's operators that rules know; newer files keep their own."""
OWN = ("", "ai.onnx")
"""Names of the domain of ONNX's operators."""
_MOST_WORDS = 200
FAULTS = (Exception,)
"""What the package raises on hostile bytes: its native parts, protobuf and the evaluator have no base of their own."""


@contextmanager
def guarded(doing: str) -> Iterator[None]:
    """Whatever the package raises on hostile bytes becomes one line."""
    try:
        yield
    except FAULTS as error:
        words = " ".join(str(error).split())[:_MOST_WORDS]
        raise OnnxError(f"{doing} fails: {printable(words) or type(error).__name__}") from None


def stands_for(dtype: int) -> str:
    """The name of an element type, as in float32 or bfloat16."""
    try:
        return str(onnx.helper.tensor_dtype_to_np_dtype(dtype).name)
    except (KeyError, TypeError):
        return f"number {dtype}"


def attribute(proto: Any, name: str, default: Any = None) -> Any:
    """An attribute of a node, or what stands for it where it is not stated."""
    found = next((a for a in proto.attribute if a.name == name), None)
    return default if found is None else onnx.helper.get_attribute_value(found)


__all__ = ["FAULTS", "OPSET", "OWN", "attribute", "guarded", "onnx", "stands_for"]
