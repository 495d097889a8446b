"""Fixed-point factors of nodes with a ``Rescale``, as kernels read them (simd/rescale.h)."""

from __future__ import annotations

from functools import partial

import numpy as np

from mgecc.graph import DType, Node
from mgecc.kernels.base import Const
from mgecc.ops.rescale import Rescale, rescale_of

KINDS = {"double": 1, "single": 2, "half_even": 3}
_LEFT = 4


def kind_of(node: Node) -> int:
    """How kernels rescale the node's sums: 0 not at all, 1 to 3 by rule, + 4 where some factor is one or more."""
    rescale = rescale_of(node)
    return 0 if rescale is None else kind(rescale)


def kind(rescale: Rescale) -> int:
    return KINDS[rescale.rounding] + (_LEFT if (rescale.fixed[1] > 0).any() else 0)


def limits(rescale: Rescale, result: DType, pad: int = 0) -> np.ndarray:
    """The array q as far as rescaling reads it: limits and zero point in 2, 3 and 5, the padding's byte in 7."""
    values = np.zeros(11, np.float32)
    zero = result.zero_point
    values[[2, 3, 5, 7]] = rescale.low - zero, rescale.high - zero, zero, pad
    return values


def _of_channels(rescale: Rescale, channels: int, count: int) -> np.ndarray:
    """(factor, shift) of ``count`` channels, (count, 2) int32; zeros past the last of ``channels``."""
    found = np.zeros((count, 2), np.int32)
    found[:channels] = np.stack(rescale.fixed, axis=-1)
    return found


def factor_constants(node: Node, channels: int, count: int, lanes: int) -> list[Const]:
    """The operand with ``factors``, of nodes that have them."""
    return [Const(partial(factors, node, channels, count, lanes))] if kind_of(node) else []


def factors(node: Node, channels: int, count: int, lanes: int) -> np.ndarray:
    """[vector][factors, shifts][lanes] of ``count`` channels, of which the node has the first ``channels``."""
    rescale = rescale_of(node)
    assert rescale is not None
    vectors = _of_channels(rescale, channels, count).reshape(count // lanes, lanes, 2)
    return np.ascontiguousarray(vectors.transpose(0, 2, 1))
