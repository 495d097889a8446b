"""What programs with declared sizes need in the arena: a copy of their section, patched with the numbers of a run.

docs/blob-format.md is the specification of the section.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mgecc.graph.symbolic import Real, Sym
from mgecc.kernels.base import Kernel
from mgecc.planner.expressions import Expressions
from mgecc.planner.program import IOTensor, Program, ProgramCall

HEAD, TENSOR = 32, 56
"""Bytes of the section's head, and of each input and output in it."""
SPACES = {"arena": 1 << 30, "weights": 2 << 30, "buffers": 3 << 30}
"""The upper bits of a reference."""
_ALIGN = 64  # as sizes.c has it, on all targets

Patch = tuple[int, Any]
"""Offset in the program section, and the number that stands there."""


def _tensor_patches(tensor: IOTensor) -> Iterator[Patch]:
    yield 4, SPACES[tensor.ref.space] + tensor.ref.offset
    yield 8, tensor.type.nbytes
    yield from ((24 + 4 * k, n) for k, n in enumerate(tensor.type.shape))


def _call_patches(call: ProgramCall, ids: dict[Kernel, int]) -> Iterator[Patch]:
    if call.fallback is not None:
        rest = len(call.operands) << 16 | call.continues << 23 | len(call.args) << 24
        main, small = ids[call.kernel] | rest, ids[call.fallback[0]] | rest
        yield 0, small + (main - small) * call.fallback[1]
    numbers = [0 if ref is None else SPACES[ref.space] + ref.offset for ref in call.operands]
    yield from ((4 + 4 * k, n) for k, n in enumerate([*numbers, *call.args]))


def _call_bytes(call: ProgramCall) -> int:
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
        at += _call_bytes(call)
    return [(offset, n) for offset, n in found if isinstance(n, (Sym, Real))]


def _fixed_bytes(program: Program) -> int:
    """Bytes of the section that are the same for all sizes, or patched: what is copied."""
    names = [
        program.name,
        *(t.name for t in (*program.inputs, *program.outputs)),
        *(s.name for s in program.sizes),
    ]
    strings = sum(len(name.encode("utf-8", "replace")) + 1 for name in dict.fromkeys(names))
    tensors = TENSOR * (len(program.inputs) + len(program.outputs))
    calls = sum(map(_call_bytes, program.calls))
    return -(-(HEAD + tensors + 4 * len(program.kernels) + calls + strings) // 4) * 4


def _slots(program: Program) -> int:
    """Numbers that are computed when sizes are set."""
    table = Expressions(program.sizes)
    for _, n in patches(program):
        table.slot(n)
    return len(program.sizes) + len(table.code)


def with_copy(program: Program) -> Program:
    """The program with room for the copy of its section, and for the slots, in its arena."""
    if not program.sizes:
        return program
    room = max(program.arena, 4 * _slots(program))
    copy = _aligned(_fixed_bytes(program))
    return replace(program, arena=_aligned(room) + copy, copy=copy)


def _aligned(n: int) -> int:
    return -(-n // _ALIGN) * _ALIGN
