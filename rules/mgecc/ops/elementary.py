"""Elementary functions in double precision, made of nothing but additions, products, divisions and square roots.

IEEE 754 fixes the results of these four to the last bit, so every processor computes the same. exp and its like of
NumPy and of C libraries differ by processor and version, and their results end in products as folded constants.

The relative error is below 2^-48, that of ``erfc`` and ``power`` below 2^-42, for operands and results in the range of
float32: a result rounded to float32 is one of the two neighbours of the exact value, nearly always the nearer one.
Every function takes arrays of floats and gives the type of the first operand; NaN, infinities and signed zeros
behave as C99 says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mgecc.ops.budget import spend

Doubles = NDArray[np.float64]
Function = Callable[..., Doubles]

_BLOCK = 1 << 13
_COST = 64
"""Multiply-adds that take as long as a function of one number."""
_LN2 = (float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33"))
_HALF_PI = (
    float.fromhex("0x1.921fb544p+0"),
    float.fromhex("0x1.0b4611a6p-34"),
    float.fromhex("0x1.3198a2e037073p-69"),
)
"""Leading parts short enough for exact products with small integers; the last one has the rest."""


def _elementary(function: Function) -> Function:
    """A function of float64 arrays for arrays of any float type, block by block, rounded once."""

    @wraps(function)
    def of_arrays(*operands: Any) -> np.ndarray:
        arrays = np.broadcast_arrays(*operands)
        spend(_COST * arrays[0].size)
        result = np.empty(arrays[0].shape, np.asarray(operands[0]).dtype)
        flat, out = [a.reshape(-1) for a in arrays], result.reshape(-1)
        with np.errstate(all="ignore"):
            for begin in range(0, out.size, _BLOCK):
                part = slice(begin, begin + _BLOCK)
                out[part] = function(*(a[part].astype(np.float64) for a in flat))
        return result

    return of_arrays


def _series(x: Doubles, coefficients: list[float]) -> Doubles:
    """The polynomial of x, its constant first, by Horner's rule."""
    total = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


_EXP = [1 / math.factorial(n) for n in range(1, 15)]
_LOG = [1 / (2 * n + 1) for n in range(12)]
_ATAN = [(-1) ** n / (2 * n + 1) for n in range(9)]
_SIN = [(-1) ** n / math.factorial(2 * n + 1) for n in range(9)]
_COS = [(-1) ** n / math.factorial(2 * n) for n in range(10)]


def _times_power(x: Doubles, k: Doubles) -> Doubles:
    """x 2^k for whole k in -2000 ... 2000, in two steps that a double can hold."""
    half = np.floor(k / 2)
    for part in (half, k - half):
        x = x * ((part.astype(np.int64) + 1023) << 52).view(np.float64)
    return x


def _exp_parts(x: Doubles) -> tuple[Doubles, Doubles]:
    """(q, k) with e^x = 2^k (1 + q) and |q| < 1/2."""
    x = np.minimum(np.maximum(x, -1000), 1000)
    k = np.rint(x / (_LN2[0] + _LN2[1]))
    r = (x - k * _LN2[0]) - k * _LN2[1]
    return r * _series(r, _EXP), k


@_elementary
def exp(x: Doubles) -> Doubles:
    q, k = _exp_parts(x)
    return _times_power(1 + q, k)


@_elementary
def expm1(x: Doubles) -> Doubles:
    q, k = _exp_parts(x)
    large = _times_power(1 + q, k) - 1
    power = _times_power(np.ones_like(x), np.clip(k, -60, 60))
    return np.where(x == 0, x, np.where(np.abs(k) > 60, large, power * q + (power - 1)))


@_elementary
def exp2(x: Doubles) -> Doubles:
    x = np.minimum(np.maximum(x, -1500), 1500)
    k = np.rint(x)
    return _times_power(exp((x - k) * (_LN2[0] + _LN2[1])), k)


def _log_near_one(x: Doubles) -> Doubles:
    """log(1 + x) for |x| < 0.42, by the series of 2 artanh(x / (2 + x))."""
    s = x / (2 + x)
    return 2 * s * _series(s * s, _LOG)


def _split(x: Doubles) -> tuple[Doubles, Doubles]:
    """(m, k) with x = m 2^k and m between sqrt(1/2) and sqrt(2)."""
    mantissa, exponent = np.frexp(x)
    low = mantissa < math.sqrt(0.5)
    return np.where(low, 2 * mantissa, mantissa), exponent - low.astype(np.float64)


@_elementary
def log(x: Doubles) -> Doubles:
    mantissa, k = _split(x)
    result = k * _LN2[0] + (_log_near_one(mantissa - 1) + k * _LN2[1])
    result = np.where(x > 0, result, np.where(x == 0, -np.inf, np.nan))
    return np.where(x == np.inf, x, result)


@_elementary
def log2(x: Doubles) -> Doubles:
    mantissa, k = _split(x)
    return k + log(mantissa) / (_LN2[0] + _LN2[1])


@_elementary
def log1p(x: Doubles) -> Doubles:
    near = (x > -0.29) & (x < 0.41)
    return np.where(x == 0, x, np.where(near, _log_near_one(np.where(near, x, 0)), log(1 + x)))


@cache
def _half_pi_bits(bits: int) -> int:
    """pi / 2 times 2^bits as an integer, by Machin's formula."""

    def arctan_of_inverse(n: int) -> int:
        term = total = (1 << (bits + 32)) // n
        for k in range(1, bits):
            term //= -n * n
            total += term // (2 * k + 1)
        return total

    return (8 * arctan_of_inverse(5) - 2 * arctan_of_inverse(239)) >> 32


_BITS = 1200


def _far_quadrant(x: float) -> tuple[float, float]:
    """(remainder, quadrant) of any finite number, in exact arithmetic."""
    above, below = x.as_integer_ratio()
    quarter = _half_pi_bits(_BITS)
    k = (2 * (above << _BITS) + quarter * below) // (2 * quarter * below)
    return ((above << _BITS) - k * quarter * below) / (below << _BITS), float(k % 4)


def _quadrants(x: Doubles) -> tuple[Doubles, NDArray[np.int64]]:
    """(r, k) with x = r + k pi / 2, |r| <= pi / 4; k modulo 4."""
    k = np.rint(x / (_HALF_PI[0] + _HALF_PI[1]))
    r = x
    for part in _HALF_PI:
        r = r - k * part
    far = np.flatnonzero(np.isfinite(x) & (np.abs(k) > 1 << 19))
    for at in far:
        r[at], k[at] = _far_quadrant(float(x[at]))
    return r, k.astype(np.int64) & 3


def _sin_cos(x: Doubles) -> tuple[Doubles, Doubles]:
    r, k = _quadrants(x)
    square = r * r
    low, high = r * _series(square, _SIN), _series(square, _COS)
    odd = k & 1 == 1
    sine, cosine = np.where(odd, high, low), np.where(odd, low, high)
    sine = np.where(k >= 2, -sine, sine)
    return np.where(x == 0, x, sine), np.where((k == 1) | (k == 2), -cosine, cosine)


@_elementary
def sin(x: Doubles) -> Doubles:
    return _sin_cos(x)[0]


@_elementary
def cos(x: Doubles) -> Doubles:
    return _sin_cos(x)[1]


@_elementary
def tan(x: Doubles) -> Doubles:
    sine, cosine = _sin_cos(x)
    return sine / cosine


@_elementary
def arctan(x: Doubles) -> Doubles:
    far = np.abs(x) > 1
    t = np.where(far, 1 / x, x)
    # Each step halves the angle.
    for _ in range(3):
        t = t / (1 + np.sqrt(1 + t * t))
    angle = 8 * t * _series(t * t, _ATAN)
    return np.where(x == 0, x, np.where(far, np.copysign(math.pi / 2, x) - angle, angle))


@_elementary
def arcsin(x: Doubles) -> Doubles:
    return arctan(x / np.sqrt((1 - x) * (1 + x)))


@_elementary
def arccos(x: Doubles) -> Doubles:
    return 2 * arctan(np.sqrt((1 - x) / (1 + x)))


@_elementary
def arctan2(y: Doubles, x: Doubles) -> Doubles:
    """The angle of the point (x, y)."""
    up, right = np.abs(y), np.abs(x)
    ratio = np.where(up == right, np.where(up == 0, 0.0, 1.0), up / right)
    angle = arctan(ratio)
    angle = np.where(np.signbit(x), math.pi - angle, angle)
    return np.where(np.isnan(x) | np.isnan(y), np.nan, np.copysign(angle, y))


@_elementary
def sinh(x: Doubles) -> Doubles:
    return np.where(x == 0, x, (expm1(x) - expm1(-x)) / 2)


@_elementary
def cosh(x: Doubles) -> Doubles:
    return (exp(x) + exp(-x)) / 2


@_elementary
def tanh(x: Doubles) -> Doubles:
    t = expm1(-2 * np.abs(x))
    return np.copysign(-t / (2 + t), x)


@_elementary
def arcsinh(x: Doubles) -> Doubles:
    size = np.abs(x)
    near = np.minimum(size, 1e150)
    return np.copysign(
        np.where(size == np.inf, size, log1p(near + near * near / (1 + np.sqrt(1 + near * near)))), x
    )


@_elementary
def arccosh(x: Doubles) -> Doubles:
    t = x - 1
    return np.where(t >= 0, log1p(t + np.sqrt(t * (t + 2))), np.nan)


@_elementary
def arctanh(x: Doubles) -> Doubles:
    size = np.abs(x)
    return np.copysign(log1p(2 * size / (1 - size)) / 2, x)


def _erf_near(x: Doubles) -> Doubles:
    """erf for |x| < 2 by its series of positive terms."""
    term, total, square = x, x, 2 * x * x
    for n in range(1, 37):
        term = term * (square * (1 / (2 * n + 1)))
        total = total + term
    return 2 / math.sqrt(math.pi) * exp(-x * x) * total


def _erfc_far(x: Doubles) -> Doubles:
    """erfc for x >= 2 by its continued fraction."""
    below = x
    for n in range(60, 0, -1):
        below = x + n / 2 / below
    return exp(-x * x) / (math.sqrt(math.pi) * below)


def _split_erf(x: Doubles) -> tuple[Doubles, Doubles, NDArray[np.bool_]]:
    """|x|, erf of it where it is less than 2 and erfc of it elsewhere, and where it is less."""
    size = np.abs(x)
    near = size < 2
    found = np.empty_like(x)
    found[near], found[~near] = _erf_near(size[near]), _erfc_far(size[~near])
    return size, np.where(size == np.inf, 0.0, found), near


@_elementary
def erf(x: Doubles) -> Doubles:
    _, found, near = _split_erf(x)
    return np.copysign(np.where(near, found, 1 - found), x)


@_elementary
def erfc(x: Doubles) -> Doubles:
    _, found, near = _split_erf(x)
    tail = np.where(near, 1 - found, found)
    return np.where(x < 0, 2 - tail, tail)


def _solve_error(y: Doubles, error: Function, product: Doubles, sign: Doubles, slope: int) -> Doubles:
    """Solve error(x) = y by Halley steps from Winitzki's estimate."""
    half = log(product) / 2
    t = 2 / (math.pi * 0.147) + half
    x = np.copysign(np.sqrt(np.maximum(np.sqrt(t * t - 2 * half / 0.147) - t, 0)), sign)
    for _ in range(4):
        step = (error(x) - y) / (slope * 2 / math.sqrt(math.pi) * exp(-x * x))
        x = x - step / (1 + x * step)
    return x


@_elementary
def erfinv(y: Doubles) -> Doubles:
    found = _solve_error(y, erf, (1 - y) * (1 + y), y, 1)
    found = np.where(np.abs(y) == 1, np.copysign(np.inf, y), found)
    return np.where(y == 0, y, np.where(np.abs(y) <= 1, found, np.nan))


@_elementary
def erfcinv(y: Doubles) -> Doubles:
    found = _solve_error(y, erfc, y * (2 - y), 1 - y, -1)
    found = np.where((y == 0) | (y == 2), np.where(y == 0, np.inf, -np.inf), found)
    return np.where((y >= 0) & (y <= 2), found, np.nan)


def _whole_power(x: Doubles, y: Doubles) -> Doubles:
    """x^y for whole |y| < 64 by squaring, so that small powers of small integers are exact."""
    count = np.abs(y).astype(np.int64)
    result = np.ones_like(x)
    for bit in range(6):
        result = np.where(count >> bit & 1, result * x, result)
        x = x * x
    return np.where(y < 0, 1 / result, result)


def _sign_of_power(x: Doubles, y: Doubles) -> Doubles:
    """What a power of |x| is multiplied by: -1 for odd powers of negative numbers, NaN for broken ones."""
    odd = np.signbit(x) & (np.mod(y, 2) == 1) & np.isfinite(y)
    broken = (x < 0) & np.isfinite(x) & np.isfinite(y) & (np.rint(y) != y)
    return np.where(broken, np.nan, np.where(odd, -1.0, 1.0))


@_elementary
def power(x: Doubles, y: Doubles) -> Doubles:
    """x^y as C's pow."""
    general = exp(y * log(np.abs(x))) * _sign_of_power(x, y)
    whole = (np.rint(y) == y) & (np.abs(y) < 64)
    found = np.where(whole, _whole_power(x, np.where(whole, y, 0)), general)
    one = (y == 0) | (x == 1) | ((x == -1) & np.isinf(y))
    return np.where(one, 1.0, found)


@_elementary
def logaddexp(x: Doubles, y: Doubles) -> Doubles:
    """log(e^x + e^y)."""
    top, gap = np.maximum(x, y), np.abs(x - y)
    return top + log1p(exp(-np.where(x == y, 0.0, gap)))
