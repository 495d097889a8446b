"""Element-wise operators whose operands all have one type, which the result keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported, Value
from mgecc.graph.attributes import FINITE
from mgecc.ops import shape_arithmetic
from mgecc.ops.counted import Given, Numbers, one_by_one
from mgecc.ops.counts import Count
from mgecc.ops.elementary import power
from mgecc.ops.elemwise_modes import Mode, find_mode
from mgecc.ops.known import broadcast_shape
from mgecc.ops.quantize import dequantize, quantize, same_unit, saturate
from mgecc.ops.registry import Expression, Operator, operator
from mgecc.ops.spans import BITS, Span, is_comparison, largest, powers, products, spans_of, within

# Modes that act on stored integers of one unit as on the numbers themselves, without a rounding.
_EXACT = frozenset({"add", "sub", "relu", "max", "min", "add_relu", "negate", "abs"})


@dataclass(frozen=True)
class ElemwiseAttrs(Attributes):
    """``mode``: one of ``elemwise_modes``. ``output_dtype``: of quantised results, where it is not the operands'."""

    mode: str
    output_dtype: DType | None = None


@dataclass(frozen=True)
class PowCAttrs(Attributes):
    """``exponent``: of every number."""

    exponent: Annotated[float, FINITE]


def mode_of(node: Node) -> str:
    """The mode of an Elemwise node, empty of others."""
    return node.attributes(ElemwiseAttrs).mode if node.op == "Elemwise" else ""


def kind(dtype: DType) -> str:
    """Which functions an element type allows: 'f'loat (quantised ones too), 'i'nteger or 'b'ool."""
    if dtype.is_float or dtype.is_quantized:
        return "f"
    return "b" if dtype.name == "bool" else "i"


def checked_mode(node: Node, name: str) -> Mode:
    """The mode, checked against the number of operands."""
    mode = find_mode(name)
    if len(node.inputs) != mode.arity:
        raise Unsupported(f"the mode {name} has {mode.arity} operands, not {len(node.inputs)}")
    return mode


def compute(mode: Mode, operands: Sequence[np.ndarray]) -> np.ndarray:
    """The mode's result on plain numbers; floats of 16 bits are computed in 32."""
    dtype = operands[0].dtype
    if dtype == np.float16:
        operands = [x.astype(np.float32) for x in operands]
    with np.errstate(all="ignore"):
        return np.asarray(mode.function(*operands)).astype(dtype)


def _exact(mode: Mode, node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
    dtype = node.output.type.dtype
    wide = [x.astype(np.int64) - v.type.dtype.zero_point for x, v in zip(inputs, node.inputs)]
    return saturate(np.asarray(mode.function(*wide)) + dtype.zero_point, dtype)


def _quantized(mode: Mode, node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
    dtype = node.output.type.dtype
    if mode.name in _EXACT and all(same_unit(v.type.dtype, dtype) for v in node.inputs):
        return _exact(mode, node, inputs)
    real = [dequantize(x, v.type.dtype) for x, v in zip(inputs, node.inputs)]
    return quantize(compute(mode, real), dtype)


def _check_types(mode: Mode, node: Node) -> None:
    types = [v.type.dtype for v in node.inputs]
    if len({t.name for t in types}) != 1:
        raise Unsupported(f"operands have the types {', '.join(map(str, types))}")
    if kind(types[0]) not in mode.kinds:
        raise Unsupported(f"the mode {mode.name} does not exist for {types[0]} operands")


# The smallest and the largest result from the smallest and largest numbers of the operands.
_SPANS: dict[str, Callable[..., Span]] = {
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "sub": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "min": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "max": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "negate": lambda a: (-a[1], -a[0]),
    "relu": lambda a: (max(a[0], 0), max(a[1], 0)),
}

# Results that 32 bits may not hold, where the operands are integers.
_EXACT_SPANS: dict[str, Callable[..., Span]] = _SPANS | {
    "mul": products,
    "abs": lambda a: (0, largest(a)),
    "pow": lambda a, b: powers(a, b[1]),
    "shl": lambda a, b: products(a, (1, 1 << min(max(0, b[1]), 64))),
    "bit_not": lambda a: (-a[1] - 1, -a[0] - 1),
}


def _span(node: Node, depth: int) -> Span | None:
    rule, spans = _SPANS.get(mode_of(node)), spans_of(node.inputs, depth)
    return rule(*spans) if rule is not None and all(spans) else None


def _of_sizes(mode: str, operands: list[Numbers | None]) -> Numbers | None:
    """Sums, differences, multiples and minima of sizes and constants."""
    single = [x[0] for x in operands if x and len(x) == 1]
    if len(single) != 2 or len(operands) != 2:
        return None
    a, b = single
    if mode == "add":
        return [a + b if isinstance(a, Count) else b + a]
    if isinstance(a, Count) and not isinstance(b, Count):
        return _of_size(mode, a, b, first=True)
    if isinstance(b, Count) and not isinstance(a, Count):
        return _of_size(mode, b, a, first=False)
    return None


def _of_size(mode: str, size: Count, number: int, first: bool) -> Numbers | None:
    """A size and a constant. ``first``: the size is the first operand."""
    if mode == "sub" and first and size.rest >= number:
        return [size.without(number)]
    if number < 0 or mode not in ("mul", "min"):
        return None
    return [size * number if mode == "mul" else size.up_to(number)]


@operator("Elemwise")
class Elemwise(Operator):
    """The modes of ``elemwise_modes`` with NumPy's broadcasting; quantised data through its real value."""

    Attributes = ElemwiseAttrs
    operands = "any+"
    limits = (
        "any shapes that broadcast; integers in the modes that MegEngine has for them; no bfloat16, "
        "no complex numbers"
    )
    halves = "stored"
    narrowed = True
    elementwise = True

    counted = staticmethod(one_by_one)

    @staticmethod
    def expression(node: Node) -> Expression:
        return (mode_of(node), *range(len(node.inputs)))

    @classmethod
    def of_sizes(cls, node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return shape_arithmetic.elementwise(mode_of(node), inputs)

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        return BITS if is_comparison(node) else within(_span(node, depth), value)

    @staticmethod
    def exact_span(node: Node, spans: Sequence[Span]) -> Span | None:
        rule = _EXACT_SPANS.get(mode_of(node))
        return rule(*spans) if rule is not None else None

    @staticmethod
    def numbers(node: Node, given: Given) -> Numbers | None:
        return _of_sizes(mode_of(node), given.numbers)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        mode = checked_mode(node, mode_of(node))
        _check_types(mode, node)
        dtype = node.inputs[0].type.dtype
        if dtype.is_quantized:
            dtype = node.attributes(ElemwiseAttrs).output_dtype or dtype
        return [TensorType(broadcast_shape([v.shape for v in node.inputs]), dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        mode = find_mode(mode_of(node))
        if node.inputs[0].type.dtype.is_quantized:
            return [_quantized(mode, node, inputs)]
        return [compute(mode, inputs)]


@operator("PowC")
class PowC(Operator):
    """x to a constant power; whole powers of negative numbers exist."""

    Attributes = PowCAttrs
    operands = "float"
    limits = "floating point"
    halves = "stored"
    narrowed = True
    elementwise = True

    counted = staticmethod(one_by_one)

    @staticmethod
    def expression(node: Node) -> Expression:
        return ("powc", 0, float(node.attributes(PowCAttrs).exponent))

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        if not node.inputs[0].type.dtype.is_float:
            raise Unsupported(f"powers of {node.inputs[0].type.dtype} data are not served")
        return [node.inputs[0].type]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            return [power(inputs[0].astype(np.float64), float(node.attributes(PowCAttrs).exponent))]
