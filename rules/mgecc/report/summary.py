"""The report of one compilation as plain, ordered data (written as JSON)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mgecc.graph.symbolic import Sym, at_max_sizes, prefix
from mgecc.planner import IOTensor, Program, ProgramCall
from mgecc.planner.facts import Facts
from mgecc.report.memory import memory_rows
from mgecc.report.steps import step_rows

SCHEMA = 2
"""Version of report.schema.json: grows when a key changes its meaning or goes."""


def _tensor(tensor: IOTensor) -> dict[str, Any]:
    dtype = tensor.type.dtype
    row: dict[str, Any] = {
        "name": tensor.name,
        "shape": list(map(at_max_sizes, tensor.type.shape)),
        "dtype": dtype.name,
        "bytes": at_max_sizes(tensor.type.nbytes),
    }
    if any(isinstance(n, Sym) for n in tensor.type.shape):
        row["sized_shape"] = list(map(prefix, tensor.type.shape))
    if dtype.scale is not None:
        row |= {"scale": dtype.scale, "zero_point": dtype.zero_point}
    if tensor.alias:
        row["alias"] = tensor.alias
    if tensor.range is not None:
        row["range"] = list(tensor.range)
    if tensor.is_outside:
        row["buffer"] = "user"
    if tensor.extent is not None:
        row["extent"] = dict(zip(("axis", "output"), tensor.extent))
    return row


def _layer(call: ProgramCall) -> dict[str, Any]:
    return {
        "layer": call.layer,
        "kernel": call.kernel.symbol,
        "macs": at_max_sizes(call.macs),
        "why": call.why,
    }


def report(programs: Sequence[Program], head: Mapping[str, Any]) -> dict[str, Any]:
    """Facts about the programs of one kernel set, one for each set of input shapes: inputs, outputs, memory in bytes,
    kernels with their number of calls, calls and steps in order. report.schema.json says what each key means.

    ``head``: what was asked for. Of several programs there are the facts of the first with all kernels and the largest
    arena, and of each its own below ``shape_sets``.
    """
    first = programs[0]
    largest = max(programs, key=lambda program: program.arena)
    facts = {"schema": SCHEMA, "model": first.name, "target": first.target, **head} | _facts(first)
    facts |= {"arena": largest.arena, "arena_bound": largest.arena_bound, "kernels": _kernels(programs)}
    return facts | ({"shape_sets": list(map(_facts, programs))} if len(programs) > 1 else {})


def _kernels(programs: Sequence[Program]) -> list[dict[str, Any]]:
    symbols = [k.symbol for program in programs for call in program.calls for k in call.kernels]
    kernels = dict.fromkeys(kernel for program in programs for kernel in program.kernels)
    return [{"kernel": k.symbol, "calls": symbols.count(k.symbol)} for k in kernels]


def _facts(program: Program) -> dict[str, Any]:
    """Of a program with declared sizes: shapes, bytes and work of the largest; ``sized_shape`` has expressions,
    ``copy`` is the part of the arena for the copy of the program. ``states``: what lives across runs, if anything."""
    sizes = [
        {"name": s.name, "min": s.low * s.step, "max": s.high * s.step, "step": s.step} for s in program.sizes
    ]
    states = [{"name": s.name, "shape": list(s.type.shape), "bytes": s.type.nbytes} for s in program.states]
    occasional = ({"sizes": sizes, "copy": program.copy} if sizes else {}) | (
        {"states": states} if states else {}
    )
    if program.facts.patched:
        occasional["patched"] = [asdict(one) for one in program.facts.patched]
    return occasional | {
        "inputs": [_tensor(t) for t in program.inputs],
        "outputs": [_tensor(t) for t in program.outputs],
        "weights": len(program.weights),
        "arena": program.arena,
        "arena_bound": program.arena_bound,
        "macs": at_max_sizes(sum(call.macs for call in program.calls)),
        "kernels": _kernels([program]),
        "layers": [_layer(call) for call in program.calls],
        "steps": step_rows(program),
        "memory": memory_rows(program),
        "passes": _passes(program.facts),
        "notes": list(program.notes),
    }


def _passes(facts: Facts) -> list[dict[str, Any]]:
    return [
        {"pass": change.name, "removed": dict(change.removed), "added": dict(change.added)}
        for change in facts.changes
    ]
