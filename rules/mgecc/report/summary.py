"""The report of one compilation as plain, ordered data (written as JSON)."""

from __future__ import annotations

from typing import Any

from mgecc.planner import IOTensor, Program, ProgramCall

SCHEMA = 1


def _tensor(tensor: IOTensor) -> dict[str, Any]:
    dtype = tensor.type.dtype
    row: dict[str, Any] = {
        "name": tensor.name,
        "shape": list(tensor.type.shape),
        "dtype": dtype.name,
        "bytes": tensor.type.nbytes,
    }
    if dtype.scale is not None:
        row |= {"scale": dtype.scale, "zero_point": dtype.zero_point}
    if tensor.extent is not None:
        row["extent"] = dict(zip(("axis", "output"), tensor.extent))
    return row


def _layer(call: ProgramCall) -> dict[str, Any]:
    return {"layer": call.layer, "kernel": call.kernel.symbol, "macs": call.macs, "why": call.why}


def report(program: Program) -> dict[str, Any]:
    """Facts about a program: inputs, outputs, memory in bytes, kernels with their number of calls, layers in order."""
    symbols = [call.kernel.symbol for call in program.calls]
    return {
        "schema": SCHEMA,
        "model": program.name,
        "target": program.target,
        "inputs": [_tensor(t) for t in program.inputs],
        "outputs": [_tensor(t) for t in program.outputs],
        "weights": len(program.weights),
        "arena": program.arena,
        "arena_bound": program.arena_bound,
        "macs": sum(call.macs for call in program.calls),
        "kernels": [{"kernel": k.symbol, "calls": symbols.count(k.symbol)} for k in program.kernels],
        "layers": [_layer(call) for call in program.calls],
    }
