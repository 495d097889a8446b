"""Candidates for element-wise operators and chains of them, in plain and in channel-blocked layout."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from operator import eq
from typing import Any

import numpy as np

from mgecc.graph import DType, Node, TensorType, Value
from mgecc.graph.symbolic import always, at_max_sizes, equal, has_sizes, is_one
from mgecc.graph.types import FLOAT32
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, Partition, serves
from mgecc.kernels.element import Element, element_of
from mgecc.kernels.elemwise import expression, operands
from mgecc.kernels.elemwise.modes import TAME, headers, in_halves, weight
from mgecc.kernels.elemwise.operands import Source
from mgecc.kernels.layout import to_blocked
from mgecc.kernels.render import in_half_lanes
from mgecc.kernels.strides import Nest, broadcast_strides, collapse
from mgecc.ops.quantize import dequantize, scale_of
from mgecc.targets import Target

_MOST = 65504.0  # the largest half
_LEAST_PART = 4096  # elements for a thread of its own
_FILL = 1  # in padding lanes of repacked constants: neutral for products and quotients


@dataclass(frozen=True, eq=False)
class Layout:
    """Shapes as they lie in memory: every input's (with axes to the left of it added), and the result's."""

    inputs: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    block: int


def _shape_of(node: Node, position: int) -> tuple[int, ...]:
    """Shape of an input for broadcasting; a fill mask covers the leading axes."""
    shape = node.inputs[position].shape
    if node.op == "MaskedFill" and position == 1:
        return shape + (1,) * (node.output.type.rank - len(shape))
    return shape


def _plain(node: Node) -> Layout:
    shapes = tuple(_shape_of(node, j) for j in range(len(node.inputs)))
    return Layout(shapes, node.output.shape, 1)


def _blocked_shape(node: Node, position: int, block: int) -> tuple[int, ...] | None:
    """Shape of an input in a blocked kernel; None when it does not fit one."""
    value, channels = node.inputs[position], node.output.shape[1]
    shape = _shape_of(node, position)
    if all(map(is_one, shape)):
        return (1,) * 5
    shape = (1,) * (4 - len(shape)) + shape if value.is_const else shape
    if len(shape) != 4 or not equal(shape[1], channels):
        return None
    return TensorType(shape, value.type.dtype, block).stored_shape


def _blocked(node: Node, block: int, tame: bool) -> Layout | None:
    out = node.output.type
    if block == 1 or out.rank != 4 or not (tame or equal(out.shape[1] % block, 0)):
        return None
    shapes = tuple(_blocked_shape(node, j, block) for j in range(len(node.inputs)))
    known = tuple(s for s in shapes if s is not None)
    return Layout(known, out.with_block(block).stored_shape, block) if len(known) == len(shapes) else None


def _nest(layout: Layout) -> tuple[Nest, tuple[str, ...]]:
    """The loops, the result's strides first, and each input's way along the inner one."""
    strides = [broadcast_strides(s, layout.output) for s in (layout.output, *layout.inputs)]
    nest = collapse(layout.output, strides)
    ways = tuple("v" if s[-1] else "s" for s in nest.strides[1:])
    if layout.block == 1 or nest.depth < 2 or not equal(nest.sizes[-1], layout.block):
        return nest, ways
    # Pixels and lanes become one inner loop: an operand that stands still over pixels is one vector for all of it.
    ways = tuple(w if w == "s" else "v" if s[-2] else "h" for w, s in zip(ways, nest.strides[1:]))
    sizes = (*nest.sizes[:-2], nest.sizes[-2] * nest.sizes[-1])
    return Nest(sizes, tuple((*s[:-2], s[-1]) for s in nest.strides)), ways


def _operand(value: Value, layout: Layout) -> Operand:
    if value.const is None or layout.block == 1:
        return value
    array = value.const.reshape((1,) * (4 - value.const.ndim) + value.const.shape)
    return value if array.size == 1 else Const(partial(to_blocked, array, layout.block, _FILL))


def _number(value: Value) -> np.ndarray | None:
    """A constant of one element, as the number it means."""
    if value.const is None or value.const.size != 1:
        return None
    dtype = value.type.dtype
    return dequantize(value.const, dtype) if dtype.is_quantized else value.const


def _is_number(value: Value) -> bool:
    """Whether it is never NaN, as far as is known."""
    number = _number(value)
    return not value.type.dtype.is_float or number is not None and not np.isnan(number).any()


def _types(node: Node) -> list[DType]:
    """Types by which inputs are read and the result is stored; between quantised types one factor does."""
    types = [_dtype(v) for v in (*node.inputs, node.output)]
    if node.op != "TypeCvt" or not all(t.is_quantized for t in types):
        return types
    source, result = types
    return [replace(source, scale=float(scale_of(source) / scale_of(result))), replace(result, scale=1.0)]


def _sources(node: Node, layout: Layout, nest: Nest, ways: Sequence[str], real: bool) -> list[Source]:
    sources = []
    for j, (value, way, strides) in enumerate(zip(node.inputs, ways, nest.strides[1:])):
        number = _number(value)
        if number is not None and not (value.type.dtype.is_quantized and not real):
            sources.append(Source(j, value.type.dtype, "k", None, (), number))
        else:
            sources.append(Source(j, _types(node)[j], way, _operand(value, layout), strides[:-1]))
    return sources


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything about one way to compute the node; ``half``: in half lanes."""

    expr: expression.Expr
    real: bool
    exact: bool
    nest: Nest
    sources: list[Source]
    statements: expression.Statements
    result: str
    half: Element | None

    def lanes(self, target: Target) -> int:
        return self.half.lanes if self.half else target.lanes

    def stored(self, dtype: DType) -> DType:
        """The type by whose text numbers are read and written."""
        return FLOAT32 if self.half else dtype


def _plan(node: Node, layout: Layout, target: Target) -> Plan:
    expr = expression.expression_of(node)
    real = expression.is_real(node, expr)
    exact = any(_dtype(v).is_quantized for v in (*node.inputs, *node.outputs))
    nest, ways = _nest(layout)
    numbers = frozenset(j for j, v in enumerate(node.inputs) if _is_number(v))
    statements = expression.Statements(real, exact, expression.counted_in(node), numbers)
    result = statements.add(expr)
    element = element_of(node, target)
    fits = in_halves(" ".join([*statements.lines, result])) and expression.largest_number(expr) <= _MOST
    half = element if element is not None and element.half and fits else None
    return Plan(expr, real, exact, nest, _sources(node, layout, nest, ways, real), statements, result, half)


def _symbol(node: Node, plan: Plan) -> str:
    """elemwise_<result type>_<other operand types>_<modes>_<ways>_<loops>; long or ambiguous parts as a digest."""
    out = "f16" if plan.half else _dtype(node.output).name
    types = [out if plan.half else s.dtype.name for s in plan.sources]
    others = "" if all(t == out for t in types) else "_".join(dict.fromkeys(types)) + "_"
    ways = "".join(s.way for s in plan.sources)
    name = f"elemwise_{out}_{others}{expression.words(plan.expr)}_{ways}{plan.nest.depth}"
    zeros = [bool(v.type.dtype.zero_point) for v in (*node.inputs, *node.outputs)]
    natural = not isinstance(plan.expr, tuple) or plan.expr[1:] == tuple(range(len(node.inputs)))
    if natural and len(name) <= 60 and not any(zeros) and len(set(types)) <= 1:
        return name
    key = repr((plan.expr, types, out, zeros, plan.exact)).encode()
    return f"{name[:52].rstrip('_')}_{hashlib.sha256(key).hexdigest()[:8]}"


def _arguments(
    plan: Plan, accesses: Sequence[operands.Access]
) -> tuple[list[tuple[str, str]], list[int | float]]:
    """Fields of the argument structure, with their numbers in this call."""
    fields = [("n", "int32_t"), *((f"d{d}", "int32_t") for d in range(plan.nest.depth - 1))]
    numbers: list[int | float] = [plan.nest.sizes[-1], *plan.nest.sizes[:-1]]
    for access in accesses:
        fields += access.fields
        numbers += access.numbers
    return fields, numbers


def _names(places: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    """Where the values of operands are: in vectors that are loaded, or that hold one number."""
    return tuple(f"x{position}v" if way == "v" else f"h{position}" for position, way in places)


def _locals(fields: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Fields of the argument structure that the loop keeps in variables."""
    return tuple((name, ctype) for name, ctype in fields if name.startswith(("scale", "zero")))


def _idle(plan: Plan) -> list[str]:
    """Statements that tell the compiler of operands which the result does not need."""
    used = re.findall(r"\w+", " ".join([*plan.statements.lines, plan.result]))
    return [f"(void)x{s.position};" for s in plan.sources if f"x{s.position}" not in used]


def _kernel(node: Node, plan: Plan) -> tuple[Kernel, list[int | float]]:
    statements, result = plan.statements, plan.result
    sources = [replace(s, dtype=plan.stored(s.dtype)) for s in plan.sources]
    dtype = plan.stored(_types(node)[-1])
    reads = [operands.read(s, plan.real) for s in sources]
    store = operands.write(dtype, "r", plan.real)
    text = " ".join([*statements.lines, result, store.full, *(r.full for r in reads)])
    fields, numbers = _arguments(plan, [*reads, store])
    pointers = [(s.position, operands.stored_type(s.dtype)) for s in sources if s.way != "k"]
    places = [(s.position, s.way) for s in plan.sources]
    params: dict[str, Param] = {
        "body": (*statements.lines, *_idle(plan)),
        "depth": plan.nest.depth - 1,
        "fixed": tuple((position, r.full) for (position, way), r in zip(places, reads) if way != "v"),
        "full": _moving(plan, [r.full for r in reads]),
        "locals": _locals(fields),
        "heavy": weight(" ".join(statements.lines)) > 20,
        "parameters": ", ".join(f"{statements.vector} x{position}" for position, _ in places),
        "names": _names(places),
        "tail": _moving(plan, [r.tail for r in reads]),
        "pointers": tuple(pointers),
        "result": result,
        "store_full": store.full,
        "store_tail": store.tail,
        "vector": statements.vector,
    }
    kernel = Kernel(
        _symbol(node, plan),
        "elemwise/elemwise.c.j2",
        (
            *((f"x{j}", f"const {ctype} *") for j, ctype in pointers),
            ("y", f"{operands.stored_type(dtype)} *"),
        ),
        tuple(fields),
        tuple(sorted(params.items())),
        headers(text),
    )
    return _in_half_lanes(kernel, plan.half) if plan.half else kernel, numbers


def _in_half_lanes(kernel: Kernel, element: Element) -> Kernel:
    def renamed(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(renamed, value))
        return in_half_lanes(value) if isinstance(value, str) else value

    params = tuple((name, renamed(value)) for name, value in kernel.params)
    needs = element.needs + kernel.needs
    return replace(kernel, operands=renamed(kernel.operands), params=params, needs=needs, half=True)


def _moving(plan: Plan, texts: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Operands that are read anew in every round of the inner loop."""
    return tuple((s.position, t) for s, t in zip(plan.sources, texts) if s.way == "v")


def _build(layout: Layout, target: Target, node: Node) -> list[Call]:
    plan = _plan(node, layout, target)
    kernel, numbers = _kernel(node, plan)
    tensors = tuple(s.operand for s in plan.sources if s.way != "k")
    return [Call(kernel, (*tensors, node.output), tuple(numbers), partition=_partition(node, plan))]


def _partition(node: Node, plan: Plan) -> Partition | None:
    """By rounds of the outermost loop, with enough elements in each part to be worth it."""
    nest = plan.nest
    if has_sizes(nest.sizes):
        return None
    lone, types = nest.depth == 1, _types(node)
    steps = [strides[0] for strides in nest.strides]
    if lone:  # what stands still along the inner loop is read anew by every part
        steps = [1, *(int(way == "v") for way in (s.way for s in plan.sources))]
    moves = {f"x{s.position}": step * types[s.position].size for s, step in zip(plan.sources, steps[1:])}
    grain = -(-_LEAST_PART // max(1, prod(nest.sizes[1:])))
    return Partition("n" if lone else "d0", {"y": steps[0] * types[-1].size, **moves}, grain=grain)


def _dtype(value: Value) -> DType:
    return value.type.dtype


def _cost(node: Node, plan: Plan, target: Target) -> tuple[float, int]:
    """Estimated instructions of all vectors, and bytes of code."""
    kernel, _ = _kernel(node, plan)
    text = " ".join(str(v) for name, v in kernel.params if name in ("body", "store_full", "full"))
    work = weight(text, target.facts.core.float_cost)
    narrow = sum(
        target.lanes for t in map(_dtype, (*node.inputs, *node.outputs)) if t.size < 4 and not t.is_float
    )
    rows = at_max_sizes(prod(plan.nest.sizes[:-1]))
    vectors = rows * -(-at_max_sizes(plan.nest.sizes[-1]) // plan.lanes(target))
    return 30.0 + rows * 8.0 + vectors * (2.0 + work + narrow), 120 + int(16 * weight(text))


def _over(node: Node, plan: Plan) -> tuple[int, ...]:
    """Inputs that the result may be written over: read element by element in the same order, as wide as the result."""
    out = node.output.type
    return tuple(
        s.position
        for s, strides in zip(plan.sources, plan.nest.strides[1:])
        if s.way == "v"
        and always(partial(eq, strides, plan.nest.strides[0]))
        and s.dtype.size == out.dtype.size
        and always(partial(eq, node.inputs[s.position].shape, out.shape))
        and not node.inputs[s.position].is_const
    )


def _candidate(node: Node, layout: Layout, target: Target) -> Candidate:
    plan = _plan(node, layout, target)
    cost, code = _cost(node, plan, target)
    blocks = tuple(1 if v.is_const or equal(v.type.elements, 1) else layout.block for v in node.inputs)
    return Candidate(
        partial(_build, layout, target),
        cost,
        blocks,
        (layout.block,),
        code,
        _over(node, plan),
        why="element by element",
    )


@serves(*expression.OPERATORS)
def element_wise(node: Node, target: Target) -> Iterator[Candidate]:
    """Plain layout always; the block of the result's or the first input's type where every operand can have it."""
    for value in (*node.inputs, *node.outputs):
        operands.stored_type(value.type.dtype)
    yield _candidate(node, _plain(node), target)
    expr = expression.expression_of(node)
    tame = all(m in TAME for m in expression.modes_of(expr))
    block = max(target.block_of(v.type.dtype.name) for v in (node.output, node.inputs[0]))
    layout = _blocked(node, block, tame)
    if layout is not None and _fits_lanes(_plan(node, layout, target), layout.block, target):
        yield _candidate(node, layout, target)


def _fits_lanes(plan: Plan, block: int, target: Target) -> bool:
    """Operands that stand still over pixels are read as one vector."""
    return block == plan.lanes(target) or all(s.way != "h" for s in plan.sources)
