"""Formats of records, such as NCHW44, and the layouts in which they store data and weights: words of ``ops.layout``."""

from __future__ import annotations

from mgecc.graph import Unsupported

BLOCKS: dict[str, int] = {
    "NCHW": 1, "NHWC": 1, "NCHW4": 4, "NCHW8": 8, "NCHW32": 32, "NCHW64": 64,
    "NCHW44": 4, "NCHW44_DOT": 4, "NCHW88": 8, "CHWN4": 4,
}  # fmt: skip
"""Channels of a block."""

# Formats that keep plain values where the rank says so; the others block every value.
_MIXED = ("NCHW44", "NCHW44_DOT", "NCHW88")
_LAYOUTS = {"NCHW": "nchw", "NHWC": "nhwc", "CHWN4": "chwnC"}

_BLOCKED_WEIGHTS = {
    ("DENSE", 4): "oihw", ("DENSE", 5): "ohwiO", ("DENSE", 6): "oihwIO",
    ("GROUP", 5): "goihw", ("GROUP", 6): "goihwG", ("GROUP", 7): "goihwIO",
}  # fmt: skip
_PACKED_WEIGHTS = {("DENSE", 5): "oihwI", ("GROUP", 6): "goihwI"}
_WEIGHTS: dict[str, dict[tuple[str, int], str]] = {
    "NCHW": {("DENSE", 4): "oihw", ("GROUP", 5): "goihw"},
    "NHWC": {("DENSE", 4): "ohwi", ("GROUP", 5): "gohwi"},
    "NCHW44": _BLOCKED_WEIGHTS,
    "NCHW88": _BLOCKED_WEIGHTS,
    "NCHW44_DOT": {**_BLOCKED_WEIGHTS, ("DENSE", 6): "oihwOI", ("GROUP", 7): "goihwOI"},
    "NCHW4": _PACKED_WEIGHTS,
    "NCHW32": _PACKED_WEIGHTS,
    "NCHW64": _PACKED_WEIGHTS,
    "CHWN4": {("DENSE", 5): "ihwoI", ("GROUP", 6): "gihwoI"},
}


def layout_of(data_format: str, rank: int) -> str:
    """Layout of an activation of ``data_format`` stored with ``rank`` axes; Unsupported for others."""
    if data_format == "NHWCD4":
        advice = "dump the model without enable_hwcd4"
        raise Unsupported("the layout NHWCD4 is meant for image memory of GPUs", advice)
    if data_format not in BLOCKS:
        advice = "dump the model without layout options"
        raise Unsupported(f"the layout {data_format} is not supported", advice)
    if data_format in _MIXED and rank == 4:
        return "nchw"
    found = _LAYOUTS.get(data_format, "nchwC")
    if rank != len(found):
        raise Unsupported(f"a value of rank {rank} cannot have the layout {data_format}")
    return found


def weights_layout(data_format: str, sparse: str, rank: int) -> str:
    """Layout of convolution weights stored with ``rank`` axes; Unsupported for unknown combinations."""
    found = _WEIGHTS.get(data_format, {}).get((sparse, rank))
    if found is None:
        raise Unsupported(f"{sparse} weights of rank {rank} in the layout {data_format} are not supported")
    return found


def result_layout(data_format: str, input_rank: int, weights: str) -> str:
    """Layout of a convolution's result; in the mixed formats blocked weights make blocked data of plain data."""
    blocked = input_rank == 5 or weights[-1].isupper()
    return layout_of(data_format, 5 if blocked else 4)
