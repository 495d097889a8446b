"""The part of a program section that programs with declared sizes have; docs/blob-format.md is the specification."""

from __future__ import annotations

import struct
from collections.abc import Callable

from mgecc.graph.polynomials import Atom
from mgecc.graph.symbolic import equal, number
from mgecc.planner import Program
from mgecc.planner.expressions import Expressions
from mgecc.planner.size_patches import patches


def _place(size: Atom, program: Program) -> tuple[int, int]:
    """The first input and axis that has this size."""
    whole = number((((size,), size.step),))
    for i, tensor in enumerate(program.inputs):
        for axis, n in enumerate(tensor.type.shape):
            if equal(n, whole):
                return i, axis
    raise AssertionError(f"{size.name} is no size of an input")


def sizes_section(program: Program, name_of: Callable[[str], int]) -> bytes:
    """Sizes, instructions and patches; ``name_of`` gives the offset of a string."""
    table = Expressions(program.sizes)
    rows = b"".join(struct.pack("<2I", at, table.slot(n)) for at, n in patches(program))
    sizes = b""
    for size in program.sizes:
        limits = (size.low * size.step, size.high * size.step, size.step)
        sizes += struct.pack("<I2H3i", name_of(size.name), *_place(size, program), *limits)
    head = struct.pack("<2HI", len(program.sizes), len(table.code), len(rows) // 8)
    return head + sizes + table.bytes() + rows
