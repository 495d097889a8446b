"""Calls that come apart into parts which may run at the same time."""

from __future__ import annotations

from dataclasses import replace

from mgecc.kernels.base import Call, Split, Workspace
from mgecc.planner.program import ProgramCall, Ref

ALIGN = 64
# Multiply-accumulates of a part at least: with fewer, threads wait for each other longer than they compute.
LEAST_WORK = 1 << 16


def most_parts(work: int, threads: int) -> int:
    """Into how many parts a node's calls come apart at most. ``work``: its multiply-accumulates, 0 if it has none."""
    return max(1, min(threads, work // LEAST_WORK)) if work else threads


def share(call: Call, threads: int) -> int:
    """Into how many parts a call comes apart: at most one a thread, each with a grain of units at least."""
    grains = _units(call) // call.split.grain if call.split else 1
    return max(1, min(threads, grains))


def scratch_bytes(call: Call, workspace: Workspace, threads: int) -> int:
    """Bytes of a workspace with one for each part."""
    parts = share(call, threads)
    return workspace.nbytes if parts == 1 else parts * _aligned(workspace.nbytes)


def apart(call: Call, placed: ProgramCall, threads: int) -> list[ProgramCall]:
    """The parts of a call whose operands have their places, in order."""
    parts, split = share(call, threads), call.split
    if parts == 1 or split is None:
        return [placed]
    units = _units(call)
    grains = units // split.grain
    bounds = [*(grains * k // parts * split.grain for k in range(parts)), units]
    return [
        replace(
            placed,
            operands=_operands(call, placed, split, bounds[k], k),
            args=_args(placed, split, bounds[k], bounds[k + 1] - bounds[k]),
            macs=placed.macs if k == 0 else 0,
            continues=k + 1 < parts,
        )
        for k in range(parts)
    ]


def _aligned(nbytes: int) -> int:
    return -(-nbytes // ALIGN) * ALIGN


def _units(call: Call) -> int:
    """How many units a call that can be split computes; 0 where that depends on declared sizes."""
    names = [name for name, _ in call.kernel.fields]
    units = call.args[names.index(call.split.units)] if call.split else 0
    return units if isinstance(units, int) else 0


def _operands(call: Call, placed: ProgramCall, split: Split, first: int, part: int) -> tuple[Ref | None, ...]:
    found = []
    for (name, _), operand, ref in zip(call.kernel.operands, call.operands, placed.operands, strict=True):
        step = first * split.strides.get(name, 0)
        if isinstance(operand, Workspace):
            step = part * _aligned(operand.nbytes)
        found.append(None if ref is None else Ref(ref.space, ref.offset + step))
    return tuple(found)


def _args(placed: ProgramCall, split: Split, first: int, count: int) -> tuple[int | float, ...]:
    changed = {split.units: count}
    return tuple(
        changed.get(name, number + first * split.starts.get(name, 0))
        for (name, _), number in zip(placed.kernel.fields, placed.args, strict=True)
    )
