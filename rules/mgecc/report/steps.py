"""Rows of the report for the steps of a program: what computes what, at which cost, and what else was weighed."""

from __future__ import annotations

from typing import Any

from mgecc.graph import TensorType
from mgecc.graph.symbolic import at_max_sizes
from mgecc.planner import Program
from mgecc.planner.facts import Estimate, Step


def step_rows(program: Program) -> list[dict[str, Any]]:
    """One row a step, in order; ``share`` is its part of all estimated instructions, from 0 to 1."""
    steps = program.facts.steps
    whole = sum(step.chosen.instructions for step in steps)
    return [_row(number, step, whole) for number, step in enumerate(steps, 1)]


def _row(number: int, step: Step, whole: int) -> dict[str, Any]:
    chosen = step.chosen
    return {
        "step": number,
        "layer": step.name,
        "operator": step.operator,
        "origin": step.origin,
        "fused": [{"layer": name, "operator": operator} for name, operator in step.fused],
        "inputs": [_tensor(*tensor) for tensor in step.inputs],
        "outputs": [_tensor(*tensor) for tensor in step.outputs],
        "macs": step.macs,
        "weights": step.weights,
        "calls": list(step.calls),
        **_estimate(chosen),
        "share": round(chosen.instructions / whole, 6) if whole else 0.0,
        "alternatives": [_estimate(other) | {"lost": lost(chosen, other)} for other in step.others],
    }


def _tensor(name: str, type_: TensorType) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": name,
        "shape": list(map(at_max_sizes, type_.shape)),
        "dtype": type_.dtype.name,
    }
    if type_.dtype.scale is not None:
        row |= {"scale": type_.dtype.scale, "zero_point": type_.dtype.zero_point}
    return row | ({"block": type_.block} if type_.block > 1 else {})


def _estimate(candidate: Estimate) -> dict[str, Any]:
    return {
        "why": candidate.why,
        "instructions": candidate.instructions,
        "code": candidate.code,
        "scratch": candidate.scratch,
        "packed": candidate.weights,
    }


def lost(chosen: Estimate, other: Estimate) -> str:
    """Why a candidate was not taken, by what it has more of than the one that was."""
    if other.instructions > chosen.instructions:
        return f"{_times(other.instructions, chosen.instructions)} the instructions"
    if other.layout != chosen.layout:
        return "its layout costs the layers around it more than it saves"
    for what, ours, theirs in (
        ("code", chosen.code, other.code),
        ("packed weights", chosen.weights, other.weights),
        ("scratch memory", chosen.scratch, other.scratch),
    ):
        if theirs > ours:
            return f"{theirs - ours} bytes more of {what}"
    return "no better, and behind it in order"


def _times(theirs: int, ours: int) -> str:
    return f"{theirs / ours:.2f} times" if ours else f"{theirs} times"
