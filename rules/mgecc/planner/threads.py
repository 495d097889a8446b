"""Partitions calls over threads: chunks of a call may run at the same time."""

from __future__ import annotations

from dataclasses import replace

from mgecc.kernels.base import Call, Partition, Workspace
from mgecc.planner.program import ProgramCall, Ref

ALIGN = 64
# Multiply-accumulates of a chunk at least: with fewer, threads wait for each other longer than they compute.
LEAST_WORK = 1 << 16


def max_chunks(work: int, threads: int) -> int:
    """The most chunks of one of a node's calls. ``work``: its multiply-accumulates, 0 if it has none."""
    return max(1, min(threads, work // LEAST_WORK)) if work else threads


def chunk_count(call: Call, threads: int) -> int:
    """Chunks of a call: at most one a thread, each with a grain of units at least."""
    grains = _units(call) // call.partition.grain if call.partition else 1
    return max(1, min(threads, grains))


def scratch_bytes(call: Call, workspace: Workspace, threads: int) -> int:
    """Bytes of a workspace with one for each chunk."""
    chunks = chunk_count(call, threads)
    return workspace.nbytes if chunks == 1 else chunks * _aligned(workspace.nbytes)


def chunks_of(call: Call, placed: ProgramCall, threads: int) -> list[ProgramCall]:
    """The chunks of a call whose operands have addresses, in order."""
    chunks, partition = chunk_count(call, threads), call.partition
    if chunks == 1 or partition is None:
        return [placed]
    units = _units(call)
    grains = units // partition.grain
    bounds = [*(grains * k // chunks * partition.grain for k in range(chunks)), units]
    return [
        replace(
            placed,
            operands=_operands(call, placed, partition, bounds[k], k),
            args=_args(placed, partition, bounds[k], bounds[k + 1] - bounds[k]),
            macs=placed.macs if k == 0 else 0,
            continues=k + 1 < chunks,
        )
        for k in range(chunks)
    ]


def _aligned(nbytes: int) -> int:
    return -(-nbytes // ALIGN) * ALIGN


def _units(call: Call) -> int:
    """How many units a call with a partition computes; 0 where that depends on declared sizes."""
    names = [name for name, _ in call.kernel.fields]
    units = call.args[names.index(call.partition.units)] if call.partition else 0
    return units if isinstance(units, int) else 0


def _operands(
    call: Call, placed: ProgramCall, partition: Partition, first: int, chunk: int
) -> tuple[Ref | None, ...]:
    found = []
    for (name, _), operand, ref in zip(call.kernel.operands, call.operands, placed.operands, strict=True):
        step = first * partition.strides.get(name, 0)
        if isinstance(operand, Workspace):
            step = chunk * _aligned(operand.nbytes)
        found.append(None if ref is None else Ref(ref.space, ref.offset + step))
    return tuple(found)


def _args(placed: ProgramCall, partition: Partition, first: int, count: int) -> tuple[int | float, ...]:
    changed = {partition.units: count}
    return tuple(
        changed.get(name, number + first * partition.starts.get(name, 0))
        for (name, _), number in zip(placed.kernel.fields, placed.args, strict=True)
    )
