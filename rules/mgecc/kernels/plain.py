"""What specs of kernels on plain float32 tensors share: their checks, their constants, their candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod

import numpy as np

from mgecc.graph import Node, Unsupported, Value
from mgecc.kernels.base import Call, Candidate


def require_float32(values: Iterable[Value]) -> None:
    """Unsupported when a value has another element type."""
    for value in values:
        if value.type.dtype.name != "float32":
            raise Unsupported(f"its kernels read and write float32, not {value.type}", "keep it in float32")


def require_const(value: Value, what: str) -> np.ndarray:
    """The numbers of a constant; Unsupported when the model computes them."""
    if value.const is None:
        raise Unsupported(f"the {what} {value.type} are computed by the model", "make them parameters")
    return value.const


def plain_candidate(
    node: Node, build: Callable[[Node], list[Call]], cost: float, why: str, inplace: tuple[int, ...] = ()
) -> Candidate:
    """A candidate that reads and writes plain tensors."""
    blocks = (1,) * len(node.inputs), (1,) * len(node.outputs)
    return Candidate(build, cost, *blocks, inplace=inplace, why=why)


def padded(array: np.ndarray, multiple: int) -> np.ndarray:
    """The last axis filled with zeros up to a multiple."""
    missing = -array.shape[-1] % multiple
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, missing)])


def around(shape: tuple[int, ...], begin: int, end: int) -> tuple[int, int, int]:
    """Elements before, in and after the axes ``begin`` to ``end``: any tensor as (outer, middle, inner)."""
    return prod(shape[:begin]), prod(shape[begin:end]), prod(shape[end:])


def stretched_axes(value: Value, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(outer, count, inner) such that ``value`` repeats along outer and inner when it stretches to ``shape``.

    Unsupported when the axes along which it varies do not lie side by side.
    """
    own = (1,) * (len(shape) - len(value.shape)) + tuple(value.shape)
    varying = [axis for axis, size in enumerate(own) if size > 1]
    if not varying:
        return 1, 1, prod(shape)
    begin, end = varying[0], varying[-1] + 1
    if own[begin:end] != shape[begin:end]:
        raise Unsupported(f"{value.type} stretches to {list(shape)} along axes that are not neighbours")
    return around(shape, begin, end)
