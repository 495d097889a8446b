"""Element types and constants of ONNX, as types and arrays of the graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from mgecc.graph import DType, Unsupported

_WIDENED = ("bfloat16", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz")
"""Float types whose constants are float32, of which all their numbers are."""


def dtype_of(number: int) -> DType:
    """The type of an element type's number; Unsupported if there is none."""
    from .library import stands_for  # rules are listed without the package onnx

    name = stands_for(number)
    try:
        return DType(name)
    except ValueError:
        raise Unsupported(
            f"elements of type {name} are not supported", "convert the model to float32"
        ) from None


def array_of(tensor: Any) -> np.ndarray:
    """The numbers of a constant, read-only."""
    from .library import guarded, onnx  # likewise

    with guarded(f"reading {tensor.name or 'a constant'}"):
        array = np.asarray(onnx.numpy_helper.to_array(tensor))
    if array.dtype.name in _WIDENED:
        array = array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        raise Unsupported(f"constants of type {array.dtype.name} are not supported")
    return array
