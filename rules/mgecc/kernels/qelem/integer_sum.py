"""Sums of two tensors of quantised bytes by integers alone (integer_sum.c.j2), where these give the very same numbers.

The meaning adds real numbers and rounds. Of two bytes there are 65536 pairs: factors are taken only if
(x0 * f0 + x1 * f1 + more) >> shift, within the limits, is the meaning's result for each of them.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Value
from mgecc.ops.elemwise_multi_type import ElemwiseMultiTypeAttrs
from mgecc.ops.quantize import scale_of

Factors = tuple[int, int, int, int, int, int]
"""f0, f1, more, shift, least and largest result."""
_SHIFTS = range(26, 15, -1)
_NEAR = sorted(range(-4, 5), key=abs)
_MOST_SUM = 1 << 31


def _pairs(types: tuple[DType, DType]) -> list[np.ndarray]:
    """All pairs of stored numbers, one array for each operand."""
    stored = [np.arange(t.range[0], t.range[1] + 1) for t in types]
    return [array.reshape(-1) for array in np.meshgrid(*stored, indexing="ij")]


def _meaning(types: tuple[DType, DType], out: DType, mode: str) -> np.ndarray:
    arrays = _pairs(types)
    shape = arrays[0].shape
    values = [Value(f"x{i}", TensorType(shape, t)) for i, t in enumerate(types)]
    node = Node("ElemwiseMultiType", "sum", ElemwiseMultiTypeAttrs(mode, output_dtype=out), values)
    node.outputs = [Value("y", TensorType(shape, out), node)]
    stored = [array.astype(t.numpy) for array, t in zip(arrays, types)]
    return ops.evaluate(node, stored)[0].astype(np.int64)


@cache
def integer_factors(types: tuple[DType, DType], out: DType, mode: str) -> Factors | None:
    """Numbers for sums of these types; None if none are found that are right for all bytes."""
    want, arrays = _meaning(types, out, mode), _pairs(types)
    units = [array - t.zero_point for array, t in zip(arrays, types)]
    ratios = [float(scale_of(t)) / float(scale_of(out)) for t in types]
    low, high = int(want.min()), int(want.max())
    for shift in [s for s in _SHIFTS if _fits(units, ratios, out, s)][:2]:
        middle = [round(ratio * 2**shift) for ratio in ratios]
        half = (2 * out.zero_point + 1) << (shift - 1)
        for d0, d1, d2 in product(_NEAR, _NEAR, (0, 1 << shift >> 18, -1 << shift >> 18)):
            f0, f1, more = middle[0] + d0, middle[1] + d1, half + d2
            if np.array_equal(np.clip(units[0] * f0 + units[1] * f1 + more >> shift, low, high), want):
                zeros = types[0].zero_point * f0 + types[1].zero_point * f1
                return f0, f1, int(np.int64(more - zeros).astype(np.int32)), shift, low, high
    return None


def _fits(units: list[np.ndarray], ratios: list[float], out: DType, shift: int) -> bool:
    """Whether sums with such factors stay in 32 bits; products and parts of sums may wrap around."""
    largest = sum(np.abs(u).max() * (ratio + 2.0**-12) for u, ratio in zip(units, ratios))
    return bool((largest + abs(out.zero_point) + 1) * 2**shift < _MOST_SUM)
