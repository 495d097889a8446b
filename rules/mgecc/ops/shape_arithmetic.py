"""Arithmetic with shapes where sizes are declared: tensors whose numbers are known expressions.

Such a tensor is an array of objects, each an int or a ``Sym``. Operators that compute with them say so (``of_sizes``);
any other needs the numbers themselves, which there are not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mgecc.graph import DType
from mgecc.graph.symbolic import Real, Sym, Undecided, always, equal, sym_max, sym_min

_EXACT_BITS = {"float32": 24, "float16": 11}


_MODES: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: _product(a, b),
    "floor_div": lambda a, b: a // b,
    "true_div": lambda a, b: _quotient(a, b),
    "mod": lambda a, b: a % b,
    "min": sym_min,
    "max": sym_max,
    "negate": lambda a: -a,
    "floor": lambda a: _rounded(a, 0),
    "ceil": lambda a: _rounded(a, -1),
    "round": lambda a: _rounded(a, 1),
    "relu": lambda a: sym_max(0, a),
}


def _ratio(top: Any, bottom: int) -> Any:
    """A quotient as float32 has it: whole, or with a power of two below and so small that nothing is rounded."""
    if isinstance(top, float):
        raise Undecided(f"{top} / {bottom} is no whole number")
    if equal(top % bottom, 0):
        return top // bottom
    if bottom & (bottom - 1) or not always(lambda: 0 <= top) or not always(lambda: top < 1 << 24):
        raise Undecided(f"{top} / {bottom} would be rounded")
    return Real("/", top, bottom)


def _quotient(a: Any, b: Any) -> Any:
    if isinstance(b, (Sym, Real, float)) or isinstance(a, Real):
        raise Undecided(f"{a} / {b} has no expression")
    return _ratio(a, int(b))


def _product(a: Any, b: Any) -> Any:
    """A product; a factor that is not whole is a fraction."""
    (top, bottom), (up, down) = _fraction(a), _fraction(b)
    return top * up if bottom == down == 1 else _ratio(top * up, bottom * down)


def _fraction(x: Any) -> tuple[Any, int]:
    if isinstance(x, Real):
        return x.a, x.b
    return x.as_integer_ratio() if isinstance(x, float) else (x, 1)


def _rounded(x: Any, way: int) -> Any:
    """Down (0), up (-1), or to the nearest, halves away from zero (1)."""
    top, bottom = _fraction(x)
    return (top + (0, bottom // 2, bottom - 1)[way]) // bottom


def elementwise(mode: str, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """An element-wise mode of sizes; Undecided if it has no expression, as all of these functions."""
    function = _MODES.get(mode)
    if function is None:
        raise Undecided(f"{mode} of sizes has no expression")
    operands = [_whole_numbers(x) for x in inputs]
    return np.asarray(np.frompyfunc(function, len(inputs), 1)(*operands))


def _whole_numbers(array: np.ndarray) -> np.ndarray:
    """Numbers as objects; floats that are whole become ints."""
    numbers = [int(x) if isinstance(x, float) and x.is_integer() else x for x in array.reshape(-1).tolist()]
    result = np.empty(len(numbers), object)
    result[:] = numbers
    return result.reshape(array.shape)


def reduced(mode: str, x: np.ndarray, axis: int | None) -> np.ndarray:
    """A reduction along an axis, of a vector or without an axis of all numbers."""
    functions = {
        "sum": np.add,
        "product": np.multiply,
        "min": np.frompyfunc(sym_min, 2, 1),
        "max": np.frompyfunc(sym_max, 2, 1),
    }
    if mode not in functions:
        raise Undecided(f"{mode} of sizes has no expression")
    x = x.reshape(-1) if axis is None else x
    whole = functions[mode].reduce(x, axis=0 if x.ndim == 1 else axis, keepdims=True)
    return np.asarray(whole, object)


def converted(x: np.ndarray, target: DType) -> np.ndarray:
    """Sizes as numbers of another type."""
    limit = 1 << _EXACT_BITS.get(target.name, 31)
    if target.is_quantized or not (target.is_float or target.name == "int32"):
        raise Undecided(f"sizes as {target} have no expression")
    if any(isinstance(n, Sym) and not -limit <= n <= limit for n in x.reshape(-1)):
        raise Undecided(f"sizes as {target} would be rounded")
    if target.is_float:
        return x
    return np.asarray(np.frompyfunc(lambda n: _rounded(n, 0), 1, 1)(x))
