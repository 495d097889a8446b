"""List the operators that are understood, and which of them kernels serve."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--markdown", action="store_true", help="as a table for a document")


def run(args: argparse.Namespace) -> int:
    from mgecc.kernels.base import served
    from mgecc.ops import operators

    with_kernels = set(served())
    rows = [
        (name, "kernels" if name in with_kernels else "-")
        for name in (operator.name for operator in operators())
    ]
    if args.markdown:
        print("| operator | compiled by |\n| --- | --- |")
    for name, kernels in rows:
        print(f"| {name} | {kernels} |" if args.markdown else f"{name:<32} {kernels}")
    return 0
