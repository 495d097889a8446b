"""Between real numbers and the stored integers of quantised types: real = (stored - zero point) * scale.

All arithmetic is single precision, one rounding per operation, so every machine gives the same integers.
"""

from __future__ import annotations

import numpy as np

from mgecc.graph import DType


def round_half_away(x: np.ndarray) -> np.ndarray:
    """Nearest integer, halves away from zero; keeps the float type. ``x - trunc(x)`` is exact."""
    whole = np.trunc(x)
    with np.errstate(invalid="ignore"):
        return np.asarray(whole + np.copysign(np.abs(x - whole) >= 0.5, x).astype(x.dtype))


def saturate(x: np.ndarray, dtype: DType) -> np.ndarray:
    """Whole numbers of any type clamped to the range of ``dtype`` and stored; NaN gives the zero point."""
    low, high = dtype.range
    wide = x.astype(np.float64)
    wide = np.where(np.isnan(wide), float(dtype.zero_point), wide)
    return np.clip(wide, low, high).astype(dtype.numpy)


def quantize(real: np.ndarray, dtype: DType) -> np.ndarray:
    """Stored numbers of real ones: round(real * (1 / scale)) half away from zero, plus zero point, saturated.

    MegEngine too multiplies by the rounded reciprocal, which decides otherwise than a division near halves.
    """
    with np.errstate(over="ignore", divide="ignore"):
        return _stored(real.astype(np.float32) * (np.float32(1) / scale_of(dtype)), dtype)


def _stored(units: np.ndarray, dtype: DType) -> np.ndarray:
    return saturate(round_half_away(units).astype(np.float64) + dtype.zero_point, dtype)


def dequantize(stored: np.ndarray, dtype: DType) -> np.ndarray:
    """Real float32 numbers of stored ones; ``stored`` may also be a wider sum of numbers of that type."""
    return (stored.astype(np.float64) - dtype.zero_point).astype(np.float32) * scale_of(dtype)


def requantize(stored: np.ndarray, source: DType, target: DType) -> np.ndarray:
    """Stored numbers of ``target`` for those of ``source``: counted in steps, times the ratio of the scales."""
    steps = (stored.astype(np.float64) - source.zero_point).astype(np.float32)
    with np.errstate(over="ignore", divide="ignore"):
        return _stored(steps * (scale_of(source) / scale_of(target)), target)


def scale_of(dtype: DType) -> np.float32:
    """The scale of a quantised type in single precision; 1 for plain types."""
    scale: np.float32 = np.float32(1.0 if dtype.scale is None else dtype.scale)
    return scale


def same_unit(a: DType, b: DType) -> bool:
    """Whether integers of both types count the same real step, so that they may be added as they are.

    Scales of a bias and of a product come from the same numbers but may differ in their last bits.
    """
    if a.is_quantized != b.is_quantized or a.is_float or b.is_float:
        return False
    return bool(abs(scale_of(a) - scale_of(b)) <= np.float32(1e-5) * scale_of(b))
