"""Tables of resized axes: constants where sizes are fixed, made while the model runs where they are not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from mgecc.graph import Unsupported
from mgecc.graph.symbolic import Sym
from mgecc.kernels.base import Call, Const, Kernel, Operand, Workspace
from mgecc.ops.resize import Taps, fixed_taps, taps

_WIDTHS = {"nearest": 1, "linear": 2, "cubic": 4}  # of axes whose tables kernels can make


@dataclass(frozen=True, eq=False)
class Axis:
    """``length`` elements of a result axis, each made of ``width`` elements of the source.

    ``fixed``: the table, where it is known; else what ``ops.resize.taps`` makes it of. ``whole``: weights are
    integers.
    """

    length: int
    width: int
    fixed: Taps | None = None
    mode: str = ""
    source: int = 0
    aligned: bool = False
    whole: bool = False


def known_axis(table: Taps) -> Axis:
    return Axis(len(table.places), table.places.shape[1], table)


def axis_of(mode: str, source: int, target: int, aligned: bool = False) -> Axis:
    """An axis of ``source`` elements that becomes one of ``target``."""
    if isinstance(source, Sym) or isinstance(target, Sym):
        return Axis(target, _width(mode), None, mode, source, aligned)
    return known_axis(taps(mode, source, target, aligned))


def _width(mode: str) -> int:
    if mode not in _WIDTHS:
        advice = f"use {', '.join(_WIDTHS)}, or list the sizes that occur as input_shapes"
        raise Unsupported(f"{mode} of images has no kernel for declared sizes", advice)
    return _WIDTHS[mode]


def fixed_axis_of(mode: str, source: int, target: int) -> Axis:
    """``axis_of`` with weights in 1/2048."""
    if not isinstance(source, Sym) and not isinstance(target, Sym):
        return known_axis(fixed_taps(mode, source, target))
    return Axis(target, _width(mode), None, mode, source, whole=True)


@dataclass(frozen=True, eq=False)
class Table:
    """Operands for an axis, and the call that fills them where they are no constants."""

    places: Operand
    weights: Operand
    calls: tuple[Call, ...] = ()


def table_of(axis: Axis, inner: int) -> Table:
    """Places times ``inner``, and weights."""
    if axis.fixed is not None:
        found = axis.fixed
        kind = np.float32 if found.weights.dtype == np.float32 else np.int32
        fixed_weights = Const(partial(np.ascontiguousarray, found.weights, kind))
        return Table(Const(partial(_int32, found.places, inner)), fixed_weights)
    count = axis.length * axis.width
    places, weights = Workspace(4 * count), Workspace(4 * count)
    operands = (places, weights)[: 2 if axis.width > 1 else 1]
    kernel = Kernel(
        f"resize_places_{axis.mode}{'_aligned' if axis.aligned else ''}{'_whole' if axis.whole else ''}",
        "resize/places.c.j2",
        (("p", "int32_t *"), ("w", "int32_t *" if axis.whole else "float *"))[: len(operands)],
        (("source", "int32_t"), ("target", "int32_t"), ("by", "int32_t")),
        (("aligned", axis.aligned), ("mode", axis.mode), ("taps", axis.width), ("whole", axis.whole)),
    )
    return Table(places, weights, (Call(kernel, operands, (axis.source, axis.length, inner)),))


def _int32(places: np.ndarray, inner: int) -> np.ndarray:
    return np.ascontiguousarray(places * inner, np.int32)
