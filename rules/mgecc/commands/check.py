"""Check whether a model compiles for a target; prints every problem and writes nothing."""

from __future__ import annotations

import argparse

from mgecc.commands._options import add_model, add_target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_target(parser)


def run(args: argparse.Namespace) -> int:
    from mgecc.toolrun.products import compile_products, read_any

    compile_products(read_any(args.model), args.target, args.cpu)
    print(f"{args.model}: no problems for {args.target}")
    return 0
