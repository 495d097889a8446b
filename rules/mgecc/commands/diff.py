"""Compare two builds by their reports: what grew and what shrank, in all, by layer and by kernel.

Builds of one model for two targets, or for two goals, are compared likewise.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from mgecc.commands._options import add_json
from mgecc.commands._output import show
from mgecc.report.differences import text_lines
from mgecc.report.html import comparison
from mgecc.toolrun.reports import compare_reports, read_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", type=Path, metavar="OLD", help="folder with report.json, or that file")
    parser.add_argument("new", type=Path, metavar="NEW", help="the same of the other build")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the comparison as a page, too")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    found = compare_reports(read_report(args.old), read_report(args.new))
    if args.html:
        text = comparison(str(args.old), str(args.new), found)
        args.html.write_text(text, encoding="utf-8", newline="\n")
    lines = [line for part, rows in found.items() for line in (f"# {part}", *text_lines(rows))]
    show(args, lines, lambda: {part: [asdict(row) for row in rows] for part, rows in found.items()})
    return 0
