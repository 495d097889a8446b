"""Data made of sizes."""

from __future__ import annotations

from mgecc.graph import DType, Unsupported
from mgecc.ops.generators import AllocAttrs, DiagAttrs, EyeAttrs, LinspaceAttrs

from . import Params, attributes


def _dtype(params: Params) -> DType:
    """The type the record names; Unsupported for one that has no arithmetic here, or needs a scale."""
    named = params["dtype"]
    try:
        found = named if isinstance(named, DType) else DType("uint8" if named == "byte" else str(named))
    except ValueError:
        raise Unsupported(f"data of type {named} is not supported") from None
    if found.is_quantized and found.scale is None:
        raise Unsupported(f"data of type {named} needs a scale, which the record does not state")
    return found


@attributes("Linspace", "Linspace")
def equal_steps(params: Params) -> LinspaceAttrs:
    return LinspaceAttrs(params["endpoint"])


@attributes("Eye", "Eye")
def eye(params: Params) -> EyeAttrs:
    return EyeAttrs(_dtype(params), params["k"])


@attributes("Diag", "Diag")
def diagonal(params: Params) -> DiagAttrs:
    return DiagAttrs(params["k"])


@attributes("Alloc", "Alloc")
def allocated(params: Params) -> AllocAttrs:
    return AllocAttrs(_dtype(params))
