"""Real numbers to quantised bytes without arithmetic of floats (cast_steps.c.j2), for cores without FPU.

The stored number is a flight of steps over the reals. Floats in the order of their bits, read as integers with sign,
are in the order of the numbers: the result is how many of the least numbers of all steps a number has reached, found
by binary search.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from mgecc.graph import DType
from mgecc.ops.quantize import quantize

STEPS = 255
_INFINITE = 0x7F800000  # bits of the largest number
_NEVER = np.iinfo(np.int32).max


def _numbers(keys: np.ndarray) -> np.ndarray:
    """The floats that lie at these places of the order."""
    bits = np.where(keys < 0, keys ^ 0x7FFFFFFF, keys)
    return bits.astype(np.int64).astype(np.int32).view(np.float32)


@cache
def least_keys(dtype: DType) -> np.ndarray:
    """int32 [STEPS]: the place of the least float that is stored as the k-th number behind the least one, or more."""
    low, high = dtype.range
    results = np.arange(low + 1, high + 1, dtype=np.int64)
    below, reached = (
        np.full(len(results), -_INFINITE - 2, np.int64),
        np.full(len(results), _INFINITE, np.int64),
    )
    while (reached - below > 1).any():
        middle = (below + reached) // 2
        is_reached = quantize(_numbers(middle), dtype).astype(np.int64) >= results
        reached, below = np.where(is_reached, middle, reached), np.where(is_reached, below, middle)
    keys = np.where(quantize(_numbers(reached), dtype).astype(np.int64) >= results, reached, _NEVER)
    return np.concatenate([keys, np.full(STEPS - len(keys), _NEVER)]).astype(np.int32)
