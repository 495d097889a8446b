"""Check whether a model compiles for a target; prints every problem and writes nothing."""

from __future__ import annotations

import argparse

from mgecc.commands._model import any_with_given
from mgecc.commands._options import add_json, add_model, add_target
from mgecc.commands._output import show
from mgecc.errors import INPUT, InputError
from mgecc.toolrun.products import compile_products, read_any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_target(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    problems: list[str] = []
    notes: list[str] = []
    try:
        config = any_with_given(read_any(args.model, complete=False), args)
        notes = compile_products(config, args.target, args.cpu).notes
    except InputError as error:
        if not args.json_output:
            raise
        problems = str(error).splitlines()
    document = {"model": str(args.model), "target": args.target, "problems": problems, "notes": notes}
    show(args, [*notes, f"{args.model}: no problems for {args.target}"], lambda: document)
    return INPUT if problems else 0
