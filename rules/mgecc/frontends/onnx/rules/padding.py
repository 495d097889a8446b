"""Elements around the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.frontends.compose import check_table
from mgecc.graph import Unsupported
from mgecc.ops.known import axis_of

from . import OnnxNode, Tensor, TensorBuilder, rule

Pairs = list[tuple[int, int]]
_EXACT = 1 << 24
"""Integers up to which float32, in which attributes are held, has all."""


@rule("Padding", "Pad")
def pad(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Negative pads cut elements off, before others are added."""
    x, mode = node.operand(0), node.get("mode", "constant")
    pairs = _pairs(node, x.rank)
    if mode == "constant":
        return [_filled(t, x, pairs, node.optional(2))]
    kept = t.pad(x, [(min(b, 0), min(e, 0)) for b, e in pairs])
    return [_repeated(t, kept, [(max(b, 0), max(e, 0)) for b, e in pairs], mode)]


def _pairs(node: OnnxNode, rank: int) -> Pairs:
    """Elements before and after each axis."""
    pads, axes = node.operand(1).integers, node.optional(3)
    places = list(range(rank)) if axes is None else [axis_of(axis, rank) for axis in axes.integers]
    if len(pads) != 2 * len(places):
        raise Unsupported(f"{len(pads)} pads do not fit {len(places)} axes")
    stated = dict(zip(places, zip(pads, pads[len(places) :])))
    return [stated.get(axis, (0, 0)) for axis in range(rank)]


def _filled(t: TensorBuilder, x: Tensor, pairs: Pairs, value: Tensor | None) -> Tensor:
    """With one number; where it is computed, it replaces the zeros that are put there first."""
    if value is None:
        return t.pad(x, pairs)
    if value.array is not None and (x.dtype.is_float or abs(int(value.integers[0])) <= _EXACT):
        return t.pad(x, pairs, value=float(value.array.reshape(-1)[0]))
    check_table(*(n + max(b, 0) + max(e, 0) for n, (b, e) in zip(x.shape, pairs)))
    data = np.pad(np.ones(_without(x.shape, pairs), np.bool_), [(max(b, 0), max(e, 0)) for b, e in pairs])
    return t.where(t.constant(data), t.pad(x, pairs), t.reshape(value, ()))


def _without(shape: Sequence[int], pairs: Pairs) -> list[int]:
    """What is left of ``shape`` where pads are negative."""
    return [n + min(b, 0) + min(e, 0) for n, (b, e) in zip(shape, pairs)]


def _repeated(t: TensorBuilder, x: Tensor, pairs: Pairs, mode: str) -> Tensor:
    """With the data's own elements: of its edge, mirrored at it, or from its other end."""
    if mode == "edge":
        return t.pad(x, pairs, "replicate")
    if mode == "reflect" and all(max(pair) < n for pair, n in zip(pairs, x.shape)):
        return t.pad(x, pairs, "reflect")
    if mode not in ("reflect", "wrap"):
        raise Unsupported(f"padding in mode {mode} is not supported")
    for axis, pair in enumerate(pairs):
        if any(pair):
            check_table(x.shape[axis] + sum(map(abs, pair)))
            places = np.pad(np.arange(x.shape[axis]), pair, mode=mode)  # type: ignore[call-overload]
            x = t.take(x, axis, t.constant(places.astype(np.int32)))
    return x
