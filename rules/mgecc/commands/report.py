"""Write report.html for products that were built: sizes, the arena and the graph as pictures, every layer with reasons.

The page needs no network. With --json-output, print the report with what the library measures instead.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mgecc.commands._options import add_json
from mgecc.commands._output import show
from mgecc.report.html import page
from mgecc.report.plans import Plans
from mgecc.toolrun.reports import read_errors, read_profiles, read_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("products", type=Path, metavar="DIR", help="folder with report.json and libraries")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: report.html in DIR")
    parser.add_argument(
        "--profile",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="what `mgecc run --profile` wrote: show measured costs, too; once for each model of a library",
    )
    parser.add_argument(
        "--layers",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="what `mgecc verify --layers --out` wrote: show the errors of layers, too; once for each model",
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    built = read_report(args.products)
    profiles, errors = Plans(), Plans()
    for file in args.profile:
        profiles |= read_profiles(file, built.report)
    for file in args.layers:
        errors |= read_errors(file, built.report)
    out = args.out or args.products / "report.html"
    if not args.json_output:
        out.write_text(page(built.report, built.code, profiles, errors), encoding="utf-8", newline="\n")
    measured = {"profile": list(profiles.values())} if profiles else {}
    measured |= {"layer_errors": list(errors.values())} if errors else {}
    show(args, [f"wrote {out}"], lambda: built.data | measured)
    return 0
