"""From real numbers to stored numbers of any element type."""

from __future__ import annotations

import numpy as np

from mgecc.graph import DType
from mgecc.ops.quantize import quantize, saturate


def truncated(real: np.ndarray, dtype: DType) -> np.ndarray:
    """Plain integers of real numbers: toward zero, saturated; NaN gives 0. (The file format leaves these open.)"""
    return saturate(np.trunc(np.asarray(real, np.float64)), dtype)


def rounded_half_away(real: np.ndarray, dtype: DType) -> np.ndarray:
    """How image operators store interpolated numbers: integers are rounded half away from zero and saturated."""
    if dtype.is_float:
        with np.errstate(over="ignore"):
            return real.astype(dtype.numpy)
    return saturate(np.trunc(real + np.copysign(real.dtype.type(0.5), real)), dtype)


def stored(real: np.ndarray, dtype: DType) -> np.ndarray:
    """Real numbers as ``dtype`` stores them: quantised, truncated, or non-zero for bool."""
    if dtype.is_quantized:
        return quantize(real, dtype)
    if dtype.name == "bool":
        return np.asarray(real != 0)
    if dtype.is_float:
        with np.errstate(over="ignore"):
            return real.astype(dtype.numpy)
    return truncated(real, dtype)
