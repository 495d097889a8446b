"""Element-wise modes: what each computes from real numbers (or integers, or booleans).

Functions made of +, -, *, / and comparisons work in the type they are given. The others (``elementary``) are computed
in double precision and rounded once, so that every machine folds the same constants.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Unsupported
from mgecc.ops import elementary as el
from mgecc.ops.activation import not_infinite

Function = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Mode:
    """One mode: number of operands, kinds of operands ('f', 'i', 'b' for float, integer, bool), its function."""

    name: str
    arity: int
    kinds: str
    function: Function


_MODES: dict[str, Mode] = {}


def find_mode(name: str) -> Mode:
    """The mode called ``name``; Unsupported if there is none."""
    if name in _MODES:
        return _MODES[name]
    if str(name).endswith("_grad"):
        advice = "dump the model in evaluation mode"
        raise Unsupported(f"the element-wise mode {name} belongs to training", advice)
    raise Unsupported(f"the element-wise mode {name} is not known")


def mode_names() -> list[str]:
    """All modes, sorted."""
    return sorted(_MODES)


def _mode(name: str, arity: int, kinds: str = "fi") -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        _MODES[name] = Mode(name, arity, kinds, function)
        return function

    return register


def _add(name: str, arity: int, kinds: str, function: Function) -> None:
    _MODES[name] = Mode(name, arity, kinds, function)


def in_double(function: Function) -> Function:
    """Compute in double precision, round to the type of the first operand."""

    def rounded(*operands: np.ndarray) -> np.ndarray:
        result = function(*(x.astype(np.float64) for x in operands))
        return np.asarray(result).astype(operands[0].dtype)

    return rounded


def _relu(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(x, x.dtype.type(0)))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + el.exp(-x))


def _clip(x: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.asarray(np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high)))


def _clip_between(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(x <= y, y, np.minimum(x, z)))


def _sign(x: np.ndarray) -> np.ndarray:
    """0 of what is neither above nor below 0: of zeros and NaN."""
    return np.asarray((x > 0).astype(x.dtype) - (x < 0).astype(x.dtype))


def _h_swish(x: np.ndarray) -> np.ndarray:
    return np.asarray(x * _clip(x + x.dtype.type(3), 0, 6) / x.dtype.type(6))


def _log_sum_exp(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Two infinities of one sign make NaN, as in MegEngine."""
    return np.where(np.isinf(x) & (x == y), x.dtype.type(np.nan), el.logaddexp(x, y))


def _wide_shift(x: np.ndarray, y: np.ndarray, left: bool) -> np.ndarray:
    """Counts below 0 or outside of the type's width shift everything out."""
    bits = x.dtype.itemsize * 8
    count = np.where((y < 0) | (y > bits), bits, y).astype(np.int64)
    wide = x.astype(np.int64)
    return (wide << count if left else wide >> count).astype(x.dtype)


_mode("relu", 1)(_relu)
_add("abs", 1, "fi", np.abs)
_add("negate", 1, "fi", np.negative)
_add("square", 1, "fi", lambda x: x * x)
_add("sign", 1, "fi", _sign)
_add("ceil", 1, "f", np.ceil)
_add("floor", 1, "f", np.floor)
_add("sqrt", 1, "f", np.sqrt)
_DOUBLE: dict[str, Function] = {
    "acos": el.arccos, "asin": el.arcsin, "cos": el.cos, "sin": el.sin, "tan": el.tan, "exp": el.exp,
    "expm1": el.expm1, "log": el.log, "log1p": el.log1p, "tanh": el.tanh, "sinh": el.sinh, "cosh": el.cosh,
    "asinh": el.arcsinh, "acosh": el.arccosh, "atanh": el.arctanh, "erf": el.erf, "erfc": el.erfc,
    "erfinv": el.erfinv, "erfcinv": el.erfcinv, "sigmoid": _sigmoid,
    "silu": lambda x: not_infinite(x) * _sigmoid(x),
    "gelu": lambda x: not_infinite(x) * (1 + el.erf(x / math.sqrt(2))) / 2,
    "softplus": lambda x: np.maximum(x, 0) + el.log1p(el.exp(-np.abs(x))),
    "logsigmoid": lambda x: np.minimum(x, 0) - el.log1p(el.exp(-np.abs(x))),
}  # fmt: skip
for _name, _function in _DOUBLE.items():
    _add(_name, 1, "f", in_double(_function))
_add("h_swish", 1, "f", _h_swish)
_add("relu6", 1, "fi", lambda x: _clip(x, 0, 6))
_add("hsigmoid", 1, "f", lambda x: _clip(x + x.dtype.type(3), 0, 6) / x.dtype.type(6))


@_mode("fast_tanh", 1, "f")
def _fast_tanh(x: np.ndarray) -> np.ndarray:
    square = x * x
    return np.asarray(x * (27 + square) / (27 + 9 * square))


@_mode("round", 1, "f")
def _round(x: np.ndarray) -> np.ndarray:
    whole = np.trunc(x)
    return np.asarray(whole + np.copysign(np.abs(x - whole) >= 0.5, x).astype(x.dtype))


_add("round_even", 1, "f", np.rint)
_add("add", 2, "fib", np.add)
_add("sub", 2, "fi", np.subtract)
_add("mul", 2, "fib", np.multiply)
_add("true_div", 2, "f", np.true_divide)
_add("max", 2, "fib", np.maximum)
_add("min", 2, "fib", np.minimum)
_add("atan2", 2, "f", el.arctan2)
_add("log_sum_exp", 2, "f", _log_sum_exp)
_add("lt", 2, "fib", lambda x, y: (x < y).astype(x.dtype))
_add("leq", 2, "fib", lambda x, y: (x <= y).astype(x.dtype))
_add("eq", 2, "fib", lambda x, y: (x == y).astype(x.dtype))
_add("neq", 2, "fib", lambda x, y: (x != y).astype(x.dtype))
_add("isnan", 1, "f", lambda x: np.isnan(x).astype(x.dtype))
_add("isinf", 1, "f", lambda x: np.isinf(x).astype(x.dtype))
_add("shl", 2, "i", lambda x, y: _wide_shift(x, y, True))
_add("shr", 2, "i", lambda x, y: _wide_shift(x, y, False))
_add("not", 1, "b", np.logical_not)
_add("and", 2, "b", np.logical_and)
_add("or", 2, "b", np.logical_or)
_add("xor", 2, "b", np.logical_xor)
_add("bit_not", 1, "i", np.invert)
_add("bit_and", 2, "i", np.bitwise_and)
_add("bit_or", 2, "i", np.bitwise_or)
_add("bit_xor", 2, "i", np.bitwise_xor)
_add("abs_grad", 2, "fi", lambda x, y: np.where(x > 0, y, -y))
_add("sigmoid_grad", 2, "f", lambda x, y: x * (1 - x) * y)
_add("tanh_grad", 2, "f", lambda x, y: (1 - x * x) * y)
_add("switch_gt0", 2, "fi", lambda x, y: np.where(x > 0, y, y.dtype.type(0)))
_add("prelu", 2, "f", lambda x, y: np.where(x > 0, x, x * y))
_add("add_relu", 2, "fi", lambda x, y: _relu(x + y))
_add("add_sigmoid", 2, "f", lambda x, y: in_double(_sigmoid)(x + y))
_add("add_tanh", 2, "f", lambda x, y: el.tanh(x + y))
_add("add_h_swish", 2, "f", lambda x, y: _h_swish(x + y))
_add("mul_add", 3, "fi", lambda x, y, z: x * y + z)
_add("mul_mul_add", 4, "fi", lambda x, y, z, w: x * y + z * w)
_add("cond_leq_mov", 3, "fi", lambda x, y, z: np.where(x <= y, z, z.dtype.type(0)))
_add("cond_lt_mov", 3, "fi", lambda x, y, z: np.where(x < y, z, z.dtype.type(0)))
_add("clip", 3, "fi", _clip_between)


@_mode("floor_div", 2)
def _floor_div(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(np.floor(x / y) if x.dtype.kind == "f" else np.floor_divide(x, y))


@_mode("mod", 2)
def _mod(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The sign of x for floats (fmod), of y for integers."""
    return np.asarray(np.fmod(x, y) if x.dtype.kind == "f" else np.mod(x, y))


@_mode("floor_mod", 2, "f")
def _floor_mod(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x - floor(x / y) y, which has the sign of y, zeros too."""
    rest = np.fmod(x, y)
    moved = np.where((rest < 0) == (y < 0), rest, rest + y)
    return np.asarray(np.where(rest == 0, np.copysign(rest, y), moved))


@_mode("trunc_div", 2, "i")
def _trunc_div(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Toward zero; 0 where the divisor is 0."""
    down = np.floor_divide(x, y)
    return np.asarray(down + ((np.remainder(x, y) != 0) & ((x < 0) != (y < 0))).astype(x.dtype))


@_mode("trunc_mod", 2, "i")
def _trunc_mod(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What ``trunc_div`` leaves: it has the sign of x."""
    return np.asarray(np.fmod(x, y))


@_mode("pow", 2)
def _pow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if x.dtype.kind == "f":
        return np.asarray(el.power(x.astype(np.float64), y.astype(np.float64)).astype(x.dtype))
    return _whole_power(x, y)


def _whole_power(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Saturated; 1 / x^-y toward zero for exponents below 0, the largest number of 0."""
    limits, wide = np.iinfo(x.dtype), y.astype(np.int64)
    exponent = np.where(wide > 64, 64 + wide % 2, np.maximum(wide, 0)).astype(object)
    power = np.clip(x.astype(object) ** exponent, limits.min, limits.max).astype(x.dtype)
    inverse = np.where(np.abs(x.astype(np.int64)) == 1, np.where(wide % 2 == 1, x, 1), 0)
    return np.asarray(np.where(wide < 0, np.where(x == 0, limits.max, inverse), power).astype(x.dtype))


@_mode("rmulh", 2, "i")
def rmulh(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """High half of the product of two b-bit integers, rounded: (x y + 2^(b-2)) >> (b-1), saturated."""
    bits = x.dtype.itemsize * 8
    high = (x.astype(np.int64) * y.astype(np.int64) + (1 << (bits - 2))) >> (bits - 1)
    limits = np.iinfo(x.dtype)
    return np.asarray(np.clip(high, limits.min, limits.max).astype(x.dtype))
