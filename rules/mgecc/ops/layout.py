"""Stored layouts of activations and weights as words of letters, and their conversion from and to plain NCHW.

A word names the stored axes from the outermost. Activations: n, c, h, w; weights: g(roup), o(ut), i(n),
h, w. A capital letter is the inner block of the axis of the same small letter: "nchwC" is NCHW44.
"""

from __future__ import annotations

from math import prod

import numpy as np

from mgecc.graph import Unsupported

BLOCKS: dict[str, int] = {
    "NCHW": 1, "NHWC": 1, "NCHW4": 4, "NCHW8": 8, "NCHW32": 32, "NCHW64": 64,
    "NCHW44": 4, "NCHW44_DOT": 4, "NCHW88": 8, "CHWN4": 4,
}  # fmt: skip

# Formats that keep plain values where the rank says so; the others block every value.
_MIXED = ("NCHW44", "NCHW44_DOT", "NCHW88")
_WORDS = {"NCHW": "nchw", "NHWC": "nhwc", "CHWN4": "chwnC"}

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


def word(data_format: str, rank: int) -> str:
    """Layout of an activation of ``data_format`` stored with ``rank`` axes; Unsupported for others."""
    if data_format == "NHWCD4":
        advice = "dump the model without enable_hwcd4"
        raise Unsupported("the layout NHWCD4 is meant for image memory of GPUs", advice)
    if data_format not in BLOCKS:
        advice = "dump the model without layout options"
        raise Unsupported(f"the layout {data_format} is not supported", advice)
    if data_format in _MIXED and rank == 4:
        return "nchw"
    found = _WORDS.get(data_format, "nchwC")
    if rank != len(found):
        raise Unsupported(f"a value of rank {rank} cannot have the layout {data_format}")
    return found


def weights_word(data_format: str, sparse: str, rank: int) -> str:
    """Layout of convolution weights stored with ``rank`` axes; Unsupported for unknown combinations."""
    found = _WEIGHTS.get(data_format, {}).get((sparse, rank))
    if found is None:
        raise Unsupported(f"{sparse} weights of rank {rank} in the layout {data_format} are not supported")
    return found


def output_word(data_format: str, input_rank: int, weights: str) -> str:
    """Layout of a convolution's result; in the mixed formats blocked weights make blocked data of plain data."""
    blocked = input_rank == 5 or weights[-1].isupper()
    return word(data_format, 5 if blocked else 4)


def groups(stored: str, plain: str) -> list[list[int]]:
    """For each plain axis the positions of its stored axes: the axis itself, then its inner block."""
    return [[stored.index(x) for x in (axis, axis.upper()) if x in stored] for axis in plain]


def plain_shape(shape: tuple[int, ...], stored: str, plain: str = "nchw") -> tuple[int, ...]:
    """Shape in plain order of a value that is stored with ``shape`` in the layout ``stored``."""
    return tuple(prod(shape[i] for i in group) for group in groups(stored, plain))


def unpack(x: np.ndarray, stored: str, plain: str = "nchw") -> np.ndarray:
    """``x`` in plain order."""
    order = [i for group in groups(stored, plain) for i in group]
    return np.asarray(x.transpose(order).reshape(plain_shape(x.shape, stored, plain)))


def stored_shape(shape: tuple[int, ...], stored: str, block: int, plain: str = "nchw") -> tuple[int, ...]:
    """Shape in the layout ``stored`` with blocks of ``block``, counts rounded up."""
    sizes = {axis: -(-size // block) if axis.upper() in stored else size for axis, size in zip(plain, shape)}
    return tuple(block if axis.isupper() else sizes[axis] for axis in stored)


def pack(x: np.ndarray, stored: str, block: int, plain: str = "nchw", fill: int = 0) -> np.ndarray:
    """Plain ``x`` in the layout ``stored``; lanes past the last channel hold ``fill``."""
    shape = stored_shape(x.shape, stored, block, plain)
    padded = plain_shape(shape, stored, plain)
    missing = [(0, after - before) for before, after in zip(x.shape, padded)]
    if any(after for _, after in missing):
        x = np.pad(x, missing, constant_values=fill)
    order = [i for group in groups(stored, plain) for i in group]
    split = x.reshape([shape[i] for i in order])
    return np.ascontiguousarray(split.transpose(np.argsort(order)))


def to_plain(x: np.ndarray, data_format: str) -> np.ndarray:
    """An activation (or bias) of any supported format as (n, c, h, w)."""
    return unpack(x, word(data_format, x.ndim))


def from_plain(x: np.ndarray, data_format: str, stored: str) -> np.ndarray:
    """(n, c, h, w) in the layout ``stored`` of ``data_format``."""
    return pack(x, stored, BLOCKS[data_format])


def weights_to_plain(w: np.ndarray, data_format: str, sparse: str) -> np.ndarray:
    """Weights as (o, i, h, w), or (g, o, i, h, w) when ``sparse`` is GROUP."""
    plain = "goihw" if sparse == "GROUP" else "oihw"
    return unpack(w, weights_word(data_format, sparse, w.ndim), plain)
