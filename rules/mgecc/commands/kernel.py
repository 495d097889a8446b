"""Print the C text of the kernel that computes a layer of a model; without a layer, list layers and kernels."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mgecc.commands._options import add_json, add_model, add_target

if TYPE_CHECKING:
    from mgecc.planner import Program
    from mgecc.planner.program import ProgramCall
    from mgecc.targets import Target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_target(parser)
    parser.add_argument("--layer", default="", metavar="NAME", help="layer or kernel; default: list them")
    parser.add_argument(
        "--optimize", choices=["speed", "size", "memory"], default="", help="overrules model.yaml"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from mgecc.commands._output import show
    from mgecc.targets import load_target
    from mgecc.toolrun.graphs import plan_programs
    from mgecc.toolrun.library import member_targets

    target = load_target(args.target, args.cpu)
    programs = plan_programs(args.model, target, args.optimize)
    pairs = list(zip(member_targets(target).values(), programs))
    rows = list(_texts(pairs, args.layer) if args.layer else _list(pairs))
    show(args, (row["text"] for row in rows), lambda: rows)
    return 0


def _list(pairs: list[tuple[Target, Program]]) -> Iterator[dict[str, Any]]:
    for target, program in pairs:
        for call in program.calls:
            row = {"target": target.name, "layer": call.layer, "kernel": call.kernel.symbol, "why": call.why}
            yield row | {"text": f"{call.layer:<32} {call.kernel.symbol}"}


def _texts(pairs: list[tuple[Target, Program]], wanted: str) -> Iterator[dict[str, Any]]:
    from mgecc.kernels.render import render_kernel

    for target, program in pairs:
        for call in _calls(program, wanted):
            row = {
                "target": target.name,
                "layer": call.layer,
                "kernel": call.kernel.symbol,
                "args": list(call.args),
            }
            yield row | {"text": render_kernel(call.kernel, target)}


def _calls(program: Program, wanted: str) -> list[ProgramCall]:
    """The calls of a layer, one for each kernel. Raises TargetError, which suggests the nearest name."""
    from mgecc.targets import nearest

    found = {call.kernel: call for call in program.calls if wanted in (call.layer, call.kernel.symbol)}
    if not found:
        raise nearest(wanted, sorted({call.layer for call in program.calls}), "layer")
    return list(found.values())
