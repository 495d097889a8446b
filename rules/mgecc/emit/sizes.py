"""The part of a program section that programs with declared sizes have; docs/blob-format.md is the specification."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from mgecc.emit.expressions import Expressions
from mgecc.graph.polynomials import Atom
from mgecc.graph.sizes import Real, Sym, equal, number
from mgecc.kernels.base import Kernel
from mgecc.planner import IOTensor, Program, ProgramCall

HEAD, TENSOR = 32, 56
_SPACES = {"arena": 1 << 30, "weights": 2 << 30}

Patch = tuple[int, Any]
"""Offset in the program section, and the number that stands there."""


def _tensor_patches(tensor: IOTensor) -> Iterator[Patch]:
    yield 4, _SPACES[tensor.ref.space] + tensor.ref.offset
    yield 8, tensor.type.nbytes
    yield from ((24 + 4 * k, n) for k, n in enumerate(tensor.type.shape))


def _call_patches(call: ProgramCall, ids: dict[Kernel, int]) -> Iterator[Patch]:
    if call.below is not None:
        rest = len(call.operands) << 16 | call.continues << 23 | len(call.args) << 24
        main, small = ids[call.kernel] | rest, ids[call.below[0]] | rest
        yield 0, small + (main - small) * call.below[1]
    numbers = [0 if ref is None else _SPACES[ref.space] + ref.offset for ref in call.operands]
    yield from ((4 + 4 * k, n) for k, n in enumerate([*numbers, *call.args]))


def call_bytes(call: ProgramCall) -> int:
    return 4 * (1 + len(call.operands) + len(call.args))


def patches(program: Program) -> list[Patch]:
    """Every number of the section that depends on sizes."""
    found: list[Patch] = []
    at = HEAD
    for tensor in (*program.inputs, *program.outputs):
        found += [(at + offset, n) for offset, n in _tensor_patches(tensor)]
        at += TENSOR
    ids = {kernel: i for i, kernel in enumerate(program.kernels)}
    at += 4 * len(ids)
    for call in program.calls:
        found += [(at + offset, n) for offset, n in _call_patches(call, ids)]
        at += call_bytes(call)
    return [(offset, n) for offset, n in found if isinstance(n, (Sym, Real))]


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


def fixed_bytes(program: Program) -> int:
    """Bytes of the section without what this module adds: what is copied into the arena."""
    names = [
        program.name,
        *(t.name for t in (*program.inputs, *program.outputs)),
        *(s.name for s in program.sizes),
    ]
    strings = sum(len(name.encode("utf-8", "replace")) + 1 for name in dict.fromkeys(names))
    tensors = TENSOR * (len(program.inputs) + len(program.outputs))
    calls = sum(map(call_bytes, program.calls))
    return -(-(HEAD + tensors + 4 * len(program.kernels) + calls + strings) // 4) * 4


def slots(program: Program) -> int:
    """Numbers that are computed when sizes are set."""
    table = Expressions(program.sizes)
    for _, n in patches(program):
        table.slot(n)
    return len(program.sizes) + len(table.code)


def with_copy(program: Program) -> Program:
    """The program with room for the copy of its section, and for the slots, in its arena."""
    if not program.sizes:
        return program
    room = max(program.arena, 4 * slots(program))
    copy = _aligned(fixed_bytes(program))
    return replace(program, arena=_aligned(room) + copy, copy=copy)


def _aligned(n: int) -> int:
    return -(-n // 64) * 64
