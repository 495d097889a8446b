"""Print the C text of the kernel that computes a layer of a model, or an operator with given attributes.

Without a layer, a model's layers and their kernels are listed. An operator needs no model:
mgecc kernel --operator Convolution --operands 1,3,32,32 const:8,3,3,3 --attrs stride=[2,2] --target arm64
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mgecc.commands._model import chosen
from mgecc.commands._options import add_choice, add_goal, add_inputs, add_json, add_target
from mgecc.commands._output import show
from mgecc.errors import InputError
from mgecc.kernels.render import render_kernel
from mgecc.planner import Program
from mgecc.planner.program import ProgramCall
from mgecc.targets import Target, load_target, nearest
from mgecc.toolrun.graphs import plan_programs
from mgecc.toolrun.library import member_targets
from mgecc.toolrun.operators import operator_graph, plan_operator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        type=Path,
        nargs="?",
        metavar="MODEL",
        help="model.yaml, its folder, or model file (.mge, .onnx, .tflite)",
    )
    add_inputs(parser)
    add_choice(parser)
    add_target(parser)
    parser.add_argument("--layer", default="", metavar="NAME", help="layer or kernel; default: list them")
    add_goal(parser)
    group = parser.add_argument_group("an operator instead of a model")
    group.add_argument("--operator", default="", metavar="NAME", help="as mgecc ops lists them")
    group.add_argument(
        "--operands",
        nargs="+",
        default=[],
        metavar="SHAPE",
        help="shapes, e.g. 1,3,32,32 const:8,3,3,3 (weights), each with :TYPE[:SCALE] if it is not float32",
    )
    group.add_argument(
        "--attrs", nargs="+", default=[], metavar="KEY=VALUE", help="attributes, e.g. stride=[2,2]"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    target = load_target(args.target, args.cpu)
    programs = _programs(args, target)
    pairs = list(zip(member_targets(target).values(), programs))
    rows = list(_texts(pairs, args.layer) if args.layer or args.operator else _list(pairs))
    show(args, (row["text"] for row in rows), lambda: rows)
    return 0


def _programs(args: argparse.Namespace, target: Target) -> tuple[Program, ...]:
    if bool(args.model) == bool(args.operator):
        raise InputError("give a model, or an operator with --operator NAME --operands SHAPE...")
    if args.model:
        return plan_programs(chosen(args), target)
    return plan_operator(operator_graph(args.operator, args.operands, args.attrs), target, args.optimize)


def _list(pairs: list[tuple[Target, Program]]) -> Iterator[dict[str, Any]]:
    for target, program in pairs:
        for call in program.calls:
            row = {"target": target.name, "layer": call.layer, "kernel": call.kernel.symbol, "why": call.why}
            yield row | {"text": f"{call.layer:<32} {call.kernel.symbol}"}


def _texts(pairs: list[tuple[Target, Program]], wanted: str) -> Iterator[dict[str, Any]]:
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
    """The calls of a layer or of all, one for each kernel. Raises TargetError, which suggests the nearest name."""
    found = {call.kernel: call for call in program.calls if wanted in ("", call.layer, call.kernel.symbol)}
    if not found:
        raise nearest(wanted, sorted({call.layer for call in program.calls}), "layer")
    return list(found.values())
