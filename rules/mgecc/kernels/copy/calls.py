"""Kernels and calls that move data without changing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np

from mgecc.graph import Value
from mgecc.graph.symbolic import at_max_sizes, equal, has_sizes
from mgecc.kernels.base import Alias, Call, Const, Kernel, Operand, Workspace
from mgecc.kernels.strides import Nest, collapse

# Rows and columns that are turned at a time.
_BLOCK = 4
# Elements of short runs, copied without a call.
_RUNS = frozenset({2, 4, 8, 16})
_ELEMENTS = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t"}


def element(value: Value) -> str:
    """C type that carries a stored number of the value, whatever it means."""
    return _ELEMENTS[value.type.dtype.size]


@dataclass(frozen=True)
class Move:
    """Elements of an array: ``sizes`` of the loops, and where each side starts and steps, in elements."""

    sizes: tuple[int, ...]
    source: tuple[int, ...]
    target: tuple[int, ...]
    source_offset: int = 0
    target_offset: int = 0

    def nest(self) -> Nest:
        """The loops in an order that suits memory: they copy the same elements in any."""
        nest = collapse(self.sizes, [self.source, self.target])
        order = _order(nest)
        sides = (tuple(steps[d] for d in order) for steps in nest.strides)
        return Nest(tuple(nest.sizes[d] for d in order), tuple(sides))

    @property
    def elements(self) -> int:
        return prod(self.sizes)

    def cost(self) -> float:
        """Estimated instructions."""
        nest = self.nest()
        inner, kind = at_max_sizes(nest.sizes[-1]), _inner(nest)
        rows = at_max_sizes(self.elements) // max(inner, 1)
        row = {
            "rows": 20 + inner / 8,
            "runs": 4 + inner / 8,
            "turned": 5 + inner * 1.5,
            "each": 20 + inner * 2.5,
        }
        return 40.0 + rows * row[kind]


def _dense_loop(nest: Nest, side: int) -> int | None:
    """The loop along which a side lies without gaps."""
    return next((d for d in range(nest.depth) if equal(nest.strides[side][d], 1)), None)


def _order(nest: Nest) -> list[int]:
    """Loops from the outermost: x's dense loop last and y's before it, where both have some rounds; else the longer of
    them last."""
    loops = list(range(nest.depth))
    x, y = _dense_loop(nest, 0), _dense_loop(nest, 1)
    if x is None or y is None or x == y:
        return loops
    shorter, longer = sorted((x, y), key=lambda d: at_max_sizes(nest.sizes[d]))
    pair = [y, x] if at_max_sizes(nest.sizes[shorter]) >= _BLOCK else [shorter, longer]
    return [d for d in loops if d not in pair] + pair


def _inner(nest: Nest) -> str:
    """How the innermost loops run (strided.c.j2)."""
    source, target = nest.strides
    if equal(source[-1], 1) and equal(target[-1], 1):
        return "runs" if nest.depth > 1 and nest.sizes[-1] in _RUNS else "rows"
    turned = nest.depth > 1 and equal(source[-1], 1) and equal(target[-2], 1)
    return "turned" if turned and min(map(at_max_sizes, nest.sizes[-2:])) >= _BLOCK else "each"


def strided(move: Move, x: Value, y: Value, alias: Alias | None = None) -> Call:
    """A call that copies as ``move`` says; ``place`` when the planner may drop it."""
    nest, elem = move.nest(), element(y)
    fields = [("ox", "int32_t"), ("oy", "int32_t")]
    numbers = [move.source_offset, move.target_offset]
    for d, (n, s, t) in enumerate(zip(nest.sizes, *nest.strides)):
        fields += [(f"n{d}", "int32_t"), (f"x{d}", "int32_t"), (f"y{d}", "int32_t")]
        numbers += [n, s, t]
    kind = _inner(nest)
    kind = "each" if kind == "turned" and y.type.dtype.size != 4 else kind
    run = nest.sizes[-1] if kind == "runs" else 0
    word = "strided" if kind == "each" else f"runs{run}" if run else kind
    kernel = Kernel(
        f"copy_{word}_b{8 * y.type.dtype.size}_d{nest.depth}",
        "copy/strided.c.j2",
        (("x", f"const {elem} *"), ("y", f"{elem} *")),
        tuple(fields),
        (("depth", nest.depth), ("elem", elem), ("inner", kind), ("run", run)),
    )
    return Call(kernel, (x, y), tuple(numbers), alias)


def fill(y: Value, stored: int) -> Call:
    """A call that fills the whole memory of a value with one stored number, given as its bits."""
    elem = element(y)
    size = y.type.dtype.size
    kernel = Kernel(
        f"copy_fill_b{8 * size}",
        "copy/fill.c.j2",
        (("y", f"{elem} *"),),
        (("n", "int32_t"), ("value", "int32_t")),
        (("elem", elem),),
    )
    return Call(kernel, (y,), (y.type.nbytes // size, stored))


@dataclass(frozen=True)
class Padded:
    """An axis of ``size`` elements, ``step`` apart, with elements added at its ends."""

    size: int
    ends: tuple[int, int]
    step: int

    @property
    def length(self) -> int:
        return self.size + sum(self.ends)


def edges(mode: str, axes: Sequence[Padded]) -> tuple[Operand, list[Call]]:
    """The table of positions for ``lookup``, axis after axis, and the call that fills it where sizes are declared."""
    if not has_sizes([axis.size for axis in axes]):
        word: Literal["reflect", "edge"] = "reflect" if mode == "reflect" else "edge"
        tables = [np.pad(np.arange(a.size), a.ends, mode=word) * a.step for a in axes]
        joined = np.concatenate(tables).astype(np.int32)
        return Const(lambda: joined), []
    table = Workspace(4 * sum(axis.length for axis in axes))
    names = ("n", "m", "front", "step")
    numbers = [number for a in axes for number in (a.size, a.length, a.ends[0], a.step)]
    kernel = Kernel(
        f"copy_edges_{mode}_d{len(axes)}",
        "copy/edges.c.j2",
        (("to", "int32_t *"),),
        tuple((f"{name}{d}", "int32_t") for d in range(len(axes)) for name in names),
        (("depth", len(axes)), ("mode", mode)),
    )
    return table, [Call(kernel, (table,), tuple(numbers))]


def lookup(
    x: Value, y: Value, table: Operand, axes: Sequence[Padded], outer: tuple[int, int] | None = None
) -> Call:
    """A call that reads x at sums of offsets, so many for each axis of y; ``outer``: how many rounds of this, and
    by how many elements x moves on in each, where leading axes are as in y."""
    elem, depth = element(y), len(axes)
    names = [f"{letter}{d}" for letter in "nm" for d in range(depth)] + ["outer", "step"] * bool(outer)
    starts = [" + ".join(["table", *(f"a->n{k}" for k in range(d))]) for d in range(depth)]
    kernel = Kernel(
        f"copy_lookup_b{8 * y.type.dtype.size}_d{depth}{'_outer' if outer else ''}",
        "copy/lookup.c.j2",
        (("x", f"const {elem} *"), ("table", "const int32_t *"), ("y", f"{elem} *")),
        tuple((name, "int32_t") for name in names),
        (("depth", depth), ("elem", elem), *((("outer", True),) if outer else ())),
        tables=tuple((start, f"a->n{d}", f"a->m{d}") for d, start in enumerate(starts)),
    )
    bounds = [(axis.size - 1) * axis.step + 1 for axis in axes]
    return Call(kernel, (x, table, y), (*(axis.length for axis in axes), *bounds, *(outer or ())))


def relayout(x: Value, y: Value) -> Call:
    """A call that brings x into the channel block of y."""
    elem = element(y)
    before, after = x.type.block, y.type.block
    params: tuple[tuple[str, int | str | bool], ...]
    if 1 in (before, after):
        template, params = "relayout", (("c", max(before, after)), ("elem", elem), ("pack", before == 1))
    else:
        template, params = "reblock", (("elem", elem), ("from", before), ("to", after))
    kernel = Kernel(
        f"copy_{template}_b{8 * y.type.dtype.size}_c{before}_c{after}",
        f"copy/{template}.c.j2",
        (("x", f"const {elem} *"), ("y", f"{elem} *")),
        (("images", "int32_t"), ("channels", "int32_t"), ("pixels", "int32_t")),
        params,
    )
    n, ch, h, w = x.shape
    return Call(kernel, (x, y), (n, ch, h * w))
