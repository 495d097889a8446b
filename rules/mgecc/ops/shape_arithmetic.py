"""Arithmetic with shapes where sizes are declared: tensors whose numbers are known expressions.

Such a tensor is an array of objects, each an int or a ``Sym``. The operators of this page compute with them; any other
operator needs the numbers themselves, which there are not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mgecc.graph import Node, TensorType
from mgecc.graph.symbolic import Real, Sym, Undecided, always, equal, sym_max, sym_min
from mgecc.ops.elemwise import mode_of
from mgecc.ops.reduce import ReduceAttrs
from mgecc.ops.registry import evaluate, find
from mgecc.ops.shapes import shape_asked
from mgecc.ops.type_cvt import TypeCvtAttrs

_MOVES = (
    *("AxisAddRemove", "Broadcast", "Concat", "Copy", "Dimshuffle", "Identity", "IndexingMultiAxisVec"),
    *("MarkDynamicVar", "Reshape", "Subtensor"),
)
_EXACT_BITS = {"float32": 24, "float16": 11}


def has_sizes(array: np.ndarray) -> bool:
    """Whether some numbers are expressions over sizes."""
    return array.dtype == object


def depends_on_sizes(type_: TensorType) -> bool:
    return any(isinstance(n, Sym) for n in type_.shape)


def _shape(node: Node, _inputs: Sequence[np.ndarray]) -> np.ndarray:
    return np.array(shape_asked(node, [v.shape for v in node.inputs]), object)


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


def _elemwise(node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
    mode = mode_of(node)
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


def _reduce(node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
    functions = {
        "sum": np.add,
        "product": np.multiply,
        "min": np.frompyfunc(sym_min, 2, 1),
        "max": np.frompyfunc(sym_max, 2, 1),
    }
    attrs = node.attributes(ReduceAttrs)
    if attrs.mode not in functions:
        raise Undecided(f"{attrs.mode} of sizes has no expression")
    x = inputs[0].reshape(-1) if inputs[0].ndim == 1 or attrs.axis is None else inputs[0]
    whole = functions[attrs.mode].reduce(x, axis=0 if x.ndim == 1 else attrs.axis, keepdims=True)
    return np.asarray(whole, object)


def _convert(node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
    target = node.attributes(TypeCvtAttrs).dtype
    limit = 1 << _EXACT_BITS.get(target.name, 31)
    if target.is_quantized or not (target.is_float or target.name == "int32"):
        raise Undecided(f"sizes as {target} have no expression")
    if any(isinstance(n, Sym) and not -limit <= n <= limit for n in inputs[0].reshape(-1)):
        raise Undecided(f"sizes as {target} would be rounded")
    if target.is_float:
        return inputs[0]
    return np.asarray(np.frompyfunc(lambda x: _rounded(x, 0), 1, 1)(inputs[0]))


def _moved(node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
    (result,) = find(node.op).evaluate(node, inputs)
    return result


_RULES: dict[str, Callable[[Node, Sequence[np.ndarray]], np.ndarray]] = {
    "GetVarShape": _shape,
    "Elemwise": _elemwise,
    "Reduce": _reduce,
    "TypeCvt": _convert,
    **dict.fromkeys(_MOVES, _moved),
}


def folded(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Like ``fold``; nothing if the numbers of the results are no expressions over sizes."""
    if any(depends_on_sizes(v.type) for v in node.outputs):
        return []
    try:
        with np.errstate(all="ignore"):
            return fold(node, inputs)
    except Undecided:
        return []


def fold(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The results of a node whose inputs are all known, some of them perhaps as expressions."""
    by_shape = getattr(find(node.op), "reads_shapes_only", False)
    if not any(map(has_sizes, inputs)) and not (
        by_shape and any(depends_on_sizes(v.type) for v in node.inputs)
    ):
        return evaluate(node, inputs)
    rule = _RULES.get(node.op)
    if rule is None:
        raise Undecided("its operands depend on the sizes, and their numbers are needed")
    result = rule(node, inputs)
    if not any(isinstance(n, (Sym, Real)) for n in result.reshape(-1)):
        result = np.array(result.tolist(), node.output.type.dtype.numpy)
    return [result]
