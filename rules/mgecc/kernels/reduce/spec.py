"""Candidates for Reduce, Argmax, Argmin, Cumsum and Cumprod in plain layout."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

from mgecc.graph import DType, Node, Unsupported
from mgecc.graph.symbolic import at_max_sizes, is_one
from mgecc.kernels.base import Call, Candidate, Kernel, Operand, Workspace, serves
from mgecc.kernels.elemwise.operands import c_type
from mgecc.kernels.reduce.axes import Span, span, spans
from mgecc.kernels.reduce.modes import FLOAT, INTEGER
from mgecc.ops.cumulative import CumulativeAttrs
from mgecc.ops.reduce import ReduceAttrs, reduced_axes
from mgecc.ops.sorting import ArgReduceAttrs
from mgecc.targets import Target

_NARROW = {"int16_t": "i16", "uint16_t": "u16", "int8_t": "i8", "uint8_t": "u8"}
_INTEGERS = ("int32", "int16", "uint16", "int8", "uint8")
_BOOL = {"sum": "max", "sum_squares": "max", "product": "min", "max": "max", "min": "min"}

_SYMBOLS = {"sum_squares": "sumsqr"}


class _Text(str):
    """C text with a hole that templates fill by calling it."""

    def __call__(self, at: str) -> str:
        return self.replace("@", at)


def _finish(mode: str, dtype: DType, result: DType) -> str:
    if mode == "mean":
        return "s / (float)a->count" if dtype.is_float else f"({c_type(result)})mg_mean1(s, a->count)"
    return "s" if c_type(result) in ("float", "int32_t") else f"({c_type(result)})s"


def kernel(mode: str, source: DType, result: DType, row: bool) -> Kernel:
    """Kernel of one step; ``row``: the reduced axis is the innermost."""
    elem, real = c_type(source), source.is_float
    fold = (FLOAT if real else INTEGER)[mode]
    form = "row" if row else "column"
    vec = "mg_vf" if real else "mg_vi"
    load = f"mg_vi_load_{_NARROW[elem]}(@, MG_VF)" if elem in _NARROW else f"{vec}_load(@)"
    sizes = ("a", "r") if row else ("a", "r", "b")
    fields = (*sizes, *(("count",) if mode == "mean" else ()))
    params = {
        "finish": _finish(mode, source, result),
        "join": fold.join,
        "load": _Text(load),
        "scalar": "float" if real else "int32_t",
        "square": mode == "sum_squares",
        "start": fold.start,
        "step": fold.step,
        "vec": vec,
    }
    types = source.name if source.name == result.name else f"{source.name}_{result.name}"
    return Kernel(
        f"reduce_{types}_{_SYMBOLS.get(mode, mode)}_{form}",
        f"reduce/{form}.c.j2",
        (("x", f"const {elem} *"), ("y", f"{c_type(result)} *")),
        tuple((name, "int32_t") for name in fields),
        tuple(sorted(params.items())),
        ("convert",) if elem in _NARROW or not real and mode == "mean" else (),
    )


def _steps(mode: str, count: int) -> list[str]:
    """Modes of the steps: squares are formed by the first one, the division by the last one."""
    first = {"mean": "sum"}.get(mode, mode)
    rest = {"mean": "sum", "sum_squares": "sum"}.get(mode, mode)
    modes = [first, *([rest] * (count - 1))]
    return [*modes[:-1], "mean"] if mode == "mean" else modes


def _mode(node: Node) -> str:
    """The mode in terms of what kernels do; Unsupported for element types without one."""
    mode, dtype, result = node.attributes(ReduceAttrs).mode, node.inputs[0].type.dtype, node.output.type.dtype
    if dtype.name == "bool" and mode in _BOOL:
        return _BOOL[mode]
    keeps = dtype.name == result.name
    plain = dtype.name == "float32" or mode != "mean" and dtype.name in _INTEGERS
    served = keeps and plain
    if dtype.is_quantized and dtype.size < 4:
        served = (
            mode in ("min", "max", "mean")
            or mode == "sum"
            and result.name == "qint32"
            and not dtype.zero_point
        )
    if not served:
        raise Unsupported(f"no kernel computes {mode} of {dtype} data", "convert the data to float32 before")
    return mode


def _between(source: DType, result: DType, mode: str) -> DType:
    """Type between steps: wide sums, extremes as they are."""
    if source.is_float:
        return result
    return source if mode in ("min", "max") else DType("int32")


def _build(node: Node) -> list[Call]:
    source, result, mode = node.inputs[0].type.dtype, node.output.type.dtype, _mode(node)
    found = spans(node.inputs[0].shape, reduced_axes(node))
    count = prod(s.r for s in found)
    x: Operand = node.inputs[0]
    calls: list[Call] = []
    for i, (part, step) in enumerate(zip(found, _steps(mode, len(found)))):
        last = i == len(found) - 1
        after = result if last else _between(source, result, mode)
        y: Operand = node.output if last else Workspace(part.a * part.b * after.size)
        made = kernel(step, source, after, is_one(part.b))
        sizes = (part.a, part.r) if is_one(part.b) else (part.a, part.r, part.b)
        calls.append(Call(made, (x, y), (*sizes, *((count,) if step == "mean" else ()))))
        x, source = y, after
    return calls


def _cost(parts: list[Span], lanes: int) -> float:
    vectors = [at_max_sizes(p.b) == 1 or at_max_sizes(p.b) >= lanes for p in parts]
    return sum(60.0 + p.a * 20.0 + p.elements * 2.0 / (lanes if v else 1) for p, v in zip(parts, vectors))


@serves("Reduce")
def reduce(node: Node, target: Target) -> Iterator[Candidate]:
    """Any axes; several runs of axes are reduced one after another."""
    _mode(node)
    parts = spans(node.inputs[0].shape, reduced_axes(node))
    ins = (1,) * len(node.inputs)
    yield Candidate(
        _build, _cost(parts, target.lanes), ins, (1,), 300 * len(parts), why="vectors along the inner axis"
    )


def _single(node: Node, axis: int) -> tuple[DType, Span]:
    x = node.inputs[0]
    return x.type.dtype, span(x.shape, axis % len(x.shape))


def _extreme(lanes: bool, node: Node) -> list[Call]:
    """``lanes``: of float32 numbers along the inner axis, or along the only one."""
    dtype, part = _single(node, node.attributes(ArgReduceAttrs).axis)
    largest, rows = node.op == "Argmax", is_one(part.b)
    form = ("_row" if rows else "_column") if lanes else ""
    made = Kernel(
        f"{node.op.lower()}_{dtype.name}{form}",
        "reduce/extreme.c.j2",
        (("x", f"const {c_type(dtype)} *"), ("y", "int32_t *")),
        (("a", "int32_t"), ("r", "int32_t"), ("b", "int32_t")),
        (
            ("elem", c_type(dtype)),
            ("lanes", lanes),
            ("largest", largest),
            ("real", dtype.is_float),
            ("rows", lanes and rows),
        ),
    )
    return [Call(made, (node.inputs[0], node.output), (part.a, part.r, part.b))]


@serves("Argmax", "Argmin")
def extreme_position(node: Node, target: Target) -> Iterator[Candidate]:
    """Any axis, any element type."""
    dtype, part = _single(node, node.attributes(ArgReduceAttrs).axis)
    c_type(dtype)
    lanes = target.lanes > 1 and dtype.name == "float32"
    cost = 50.0 + part.elements * (10.0 / target.lanes if lanes else 10.0)
    yield Candidate(partial(_extreme, lanes), cost, (1,), (1,), 300, why="one pass")


def _cumulate(node: Node) -> list[Call]:
    attrs = node.attributes(CumulativeAttrs)
    dtype, part = _single(node, attrs.axis)
    elem, form = c_type(dtype), node.op.lower()
    made = Kernel(
        f"{form}_{dtype.name}{'_exclusive' if attrs.exclusive else ''}",
        f"reduce/{form}.c.j2",
        (("x", f"const {elem} *"), ("y", f"{elem} *")),
        (("a", "int32_t"), ("r", "int32_t"), ("b", "int32_t"), ("step", "int32_t")),
        (
            ("elem", elem),
            ("exclusive", attrs.exclusive),
            ("real", dtype.is_float),
            ("sum", "float" if dtype.is_float else "uint32_t"),
        ),
    )
    sizes = (part.a, part.r, part.b, -1 if attrs.reverse else 1)
    return [Call(made, (node.inputs[0], node.output), sizes)]


@serves("Cumsum", "Cumprod")
def cumulative(node: Node, target: Target) -> Iterator[Candidate]:
    """Any axis; may be written over the input."""
    dtype, part = _single(node, node.attributes(CumulativeAttrs).axis)
    c_type(dtype)
    yield Candidate(_cumulate, 50.0 + 6.0 * part.elements, (1,), (1,), 200, (0,), why="one pass")
