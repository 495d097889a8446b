"""Element-wise nodes as expressions, and expressions as C statements.

An expression is an input's position (int), a number (float) or a tuple (mode, operand, ...).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mgecc.graph import DType, Node, Unsupported
from mgecc.kernels.elemwise.modes import FAST, FLOAT, INTEGER, NUMBER_LAST
from mgecc.ops.elemwise import PowCAttrs, mode_of
from mgecc.ops.elemwise_multi_type import ElemwiseMultiTypeAttrs
from mgecc.ops.fused import FusedElemwiseAttrs
from mgecc.ops.quantize import same_unit
from mgecc.ops.saturating import stored
from mgecc.ops.selection import MaskedFillAttrs

Expr = Any
_EXACT = frozenset({"add", "sub", "relu", "max", "min", "negate", "abs"})
_SUMS = {"add_relu": "relu", "add_h_swish": "h_swish"}
_SHIFTS = ("round_shr", "add_rmulh_round_shr")
_LOGIC = {"add": "or", "mul": "and"}  # of booleans


def _inputs(mode: str, node: Node) -> Expr:
    operands = tuple(range(len(node.inputs)))
    if mode in _SUMS:
        return (_SUMS[mode], ("add", *operands))
    return (mode, *operands)


def _multi_type(node: Node) -> Expr:
    attrs = node.attributes(ElemwiseMultiTypeAttrs)
    if attrs.mode == "round_shr":
        return _bounded(("round_shr", 0, 1), *map(float, attrs.output_dtype.range))
    if attrs.mode == "add_rmulh_round_shr":
        return _multiplied_and_shifted(node)
    return _TO_BYTE if attrs.output_dtype.name == "int8" else _inputs(attrs.mode, node)


def _bounded(expr: Expr, low: Expr, high: Expr) -> Expr:
    return ("max", ("min", expr, high), low)


def _multiplied_and_shifted(node: Node) -> Expr:
    """Operands x, bias, multiplier, shift and, if given, the smallest and largest result."""
    shifted = ("round_shr", ("rmulh", ("add", 0, 1), 2), 3)
    byte = _bounded(shifted, *map(float, DType("int8").range))
    return _bounded(byte, 4, 5) if len(node.inputs) == 6 else byte


def _to_byte(real: Expr) -> Expr:
    """A real number to the nearest of -128 .. 127, halves to even: behind 1.5 * 2^23 no float has a fraction."""
    low, high, whole = -128.0, 127.0, 12582912.0
    even = ("sub", ("add", ("min", real, high), whole), whole)
    return ("where", ("leq", low, real), even, low)


_TO_BYTE = _to_byte(("add", ("mul", 0, 1), 2))


def _convert(node: Node) -> Expr:
    return ("neq", 0, 0.0) if node.output.type.dtype.name == "bool" else 0


def _filling(node: Node) -> float:
    """What a MaskedFill puts there: a real number, or as plain integers store it."""
    dtype, value = node.output.type.dtype, np.array([node.attributes(MaskedFillAttrs).value], np.float32)
    return float(value[0] if dtype.is_float or dtype.is_quantized else stored(value, dtype)[0])


_EXPRESSIONS: dict[str, Callable[[Node], Expr]] = {
    "Elemwise": lambda node: _inputs(mode_of(node), node),
    "ElemwiseMultiType": _multi_type,
    "FusedElemwise": lambda node: node.attributes(FusedElemwiseAttrs).expr,
    "PowC": lambda node: ("powc", 0, float(node.attributes(PowCAttrs).exponent)),
    "RoundHalf": lambda node: ("half", 0),
    "TypeCvt": _convert,
    "Where": lambda node: ("where", 0, 1, 2),
    "MaskedFill": lambda node: ("where", 1, _filling(node), 0),
}
OPERATORS = tuple(_EXPRESSIONS)


def expression_of(node: Node) -> Expr:
    """The node as an expression over its inputs; Unsupported for modes without a kernel."""
    expr = _EXPRESSIONS[node.op](node)
    if node.op == "Elemwise" and node.output.type.dtype.name == "bool" and expr[0] in _LOGIC:
        return (_LOGIC[expr[0]], *expr[1:])
    return expr


def modes_of(expr: Expr) -> list[str]:
    """Modes that occur, in order."""
    if not isinstance(expr, tuple):
        return []
    return [expr[0], *(m for sub in expr[1:] for m in modes_of(sub))]


def largest_number(expr: Expr) -> float:
    """The largest magnitude of the numbers in it."""
    if isinstance(expr, tuple):
        return max((largest_number(sub) for sub in expr[1:]), default=0.0)
    return abs(expr) if isinstance(expr, float) else 0.0


def words(expr: Expr) -> str:
    """A readable name: modes from the outermost; operands in their natural order are left out."""
    return "_".join(m.replace("_", "") for m in modes_of(expr)) or "cast"


def is_exact(node: Node, expr: Expr) -> bool:
    """Whether integers stored in one unit may be computed as they are."""
    out = node.output.type.dtype
    if node.op == "TypeCvt":
        return node.inputs[0].type.dtype == out and not out.is_float
    return out.is_quantized and (
        isinstance(expr, tuple)
        and node.op == "Elemwise"
        and expr[0] in _EXACT
        and all(same_unit(v.type.dtype, out) for v in node.inputs)
    )


def counted_in(node: Node) -> DType:
    """The type in whose range integers wrap around while they are computed with."""
    narrows = node.op == "ElemwiseMultiType" and node.attributes(ElemwiseMultiTypeAttrs).mode in _SHIFTS
    return (node.inputs[0] if narrows else node.output).type.dtype


def is_real(node: Node, expr: Expr) -> bool:
    """Whether the node computes in float32 rather than in int32."""
    types = [v.type.dtype for v in (*node.inputs, *node.outputs)]
    return any(t.is_float or t.is_quantized for t in types) and not is_exact(node, expr)


def number(value: float) -> str:
    """A float32 as a C literal, shortest form."""
    single = np.float32(value)
    if not np.isfinite(single):
        return '__builtin_nanf("")' if np.isnan(single) else f"{'-' if single < 0 else ''}__builtin_inff()"
    text = str(single)
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def _power(x: str, exponent: float) -> str:
    infinite = f"mg_vf_le({x}, mg_vf_set1(-__builtin_inff()))"  # whose power is not its root
    root = f"mg_vf_sqrt(mg_vf_sel({infinite}, mg_vf_abs({x}), mg_vf_add({x}, mg_vf_zero())))"
    known = {
        0.0: "mg_vf_set1(1.0f)",
        1.0: x,
        2.0: f"mg_vf_mul({x}, {x})",
        3.0: f"mg_vf_mul(mg_vf_mul({x}, {x}), {x})",
        4.0: f"mg_vf_mul(mg_vf_mul({x}, {x}), mg_vf_mul({x}, {x}))",
        0.5: root,
        -0.5: f"mg_vf_div(mg_vf_set1(1.0f), {root})",
        -1.0: f"mg_vf_div(mg_vf_set1(1.0f), {x})",
        -2.0: f"mg_vf_div(mg_vf_set1(1.0f), mg_vf_mul({x}, {x}))",
    }
    return known.get(exponent, f"mg_vf_pow({x}, mg_vf_set1({number(exponent)}))")


class Statements:
    """C statements that compute an expression, each sub-expression once; the last one returns.

    ``numbers``: positions of inputs that are never NaN.
    """

    def __init__(self, real: bool, exact: bool, dtype: DType, numbers: frozenset[int] = frozenset()) -> None:
        self.real, self.dtype, self._numbers = real, dtype, numbers
        self.vector = "mg_vf" if real else "mg_vi"
        self._table = FLOAT if real else INTEGER
        if real and not exact:
            self._table = {**FLOAT, **FAST}
        self._names: dict[Expr, str] = {}
        self.lines: list[str] = []

    def add(self, expr: Expr) -> str:
        """The C name that holds the expression's value."""
        if isinstance(expr, int):
            return f"x{expr}"
        if isinstance(expr, float):
            return f"mg_vf_set1({number(expr)})" if self.real else f"mg_vi_set1({int(expr)})"
        if expr not in self._names:
            text = self._wrapped(self._text(expr))
            name = f"v{len(self.lines)}"
            self.lines.append(f"{self.vector} {name} = {text};")
            self._names[expr] = name
        return self._names[expr]

    def _text(self, expr: Expr) -> str:
        mode, *operands = expr
        if mode == "powc" and self.real:
            return _power(self.add(operands[0]), operands[1])
        if mode not in self._table:
            kind = "real numbers" if self.real else "integers"
            raise Unsupported(f"no kernel computes the element-wise mode {mode} on {kind}")
        if self._is_number(operands[0]) and mode in ("max", "min"):
            operands = operands[::-1]
        last = self.real and self._is_number(operands[-1]) and mode in NUMBER_LAST
        names = [self.add(x) for x in operands]
        return (NUMBER_LAST if last else self._table)[mode].format(
            *names, kind=f"{self.dtype.numpy.kind}{8 * self.dtype.size}"
        )

    def _is_number(self, expr: Expr) -> bool:
        if isinstance(expr, int):
            return expr in self._numbers
        return isinstance(expr, float) and not np.isnan(expr)

    def _wrapped(self, text: str) -> str:
        """Integers narrower than the lanes wrap around as their own type does."""
        if self.real or self.dtype.is_quantized or self.dtype.size == 4 or self.dtype.name == "bool":
            return text
        spare = 32 - 8 * self.dtype.size
        if self.dtype.range[0] == 0:
            return f"mg_vi_and({text}, mg_vi_set1({self.dtype.range[1]}))"
        return f"mg_vi_shr(mg_vi_shl({text}, {spare}), {spare})"
