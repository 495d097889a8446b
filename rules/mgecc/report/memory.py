"""Rows of the report for the arena: every buffer, where it lies, how long it lives and what is in it."""

from __future__ import annotations

from typing import Any

from mgecc.planner import Program, arena
from mgecc.planner.facts import Region


def memory_rows(program: Program) -> dict[str, Any]:
    """The memory plan in bytes and steps. ``peak``: bytes that are live at ``peak_step``, the first with so many."""
    regions = program.facts.regions
    peak, step = arena.peak(regions)
    kinds = {tensor.name: kind for kind, tensors in _named(program).items() for tensor in tensors}
    return {
        "steps": len(program.facts.steps),
        "peak": peak,
        "peak_step": step,
        "buffers": [_row(region, kinds) for region in regions],
    }


def _named(program: Program) -> dict[str, Any]:
    """Kinds of buffers by what lies in them, weakest first."""
    return {"output": program.outputs, "input": program.inputs, "state": program.states}


def _row(region: Region, kinds: dict[str, str]) -> dict[str, Any]:
    found = [kinds[name] for name, _, _ in region.values if name in kinds]
    return {
        "offset": region.offset,
        "bytes": region.size,
        "first": region.first,
        "last": region.last,
        "kind": "scratch" if region.is_scratch else (found or ["tensor"])[-1],
        "values": [{"name": name, "offset": offset, "bytes": size} for name, offset, size in region.values],
    }
