"""List the machines that models can be compiled for."""

from __future__ import annotations

import argparse
from typing import Any

from mgecc.commands._options import add_json
from mgecc.commands._output import show
from mgecc.targets import board_names, core_names, load_target, target_names, target_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    rows = [_row(name) for name in (*target_names(), *core_names(), *board_names())]
    show(args, map(_line, rows), lambda: rows)
    return 0


def _row(name: str) -> dict[str, Any]:
    target, (features, cpus) = load_target(name), target_options(name)
    isa = list(target.members) or [target.isa]
    return {"name": name, "isa": isa, "triple": target.triple, "features": features, "cpus": cpus}


def _line(row: dict[str, Any]) -> str:
    words = [f"+{feature}" for feature in row["features"]]
    words += [f"cpu: {' '.join(row['cpus'])}"] if row["cpus"] else []
    return f"{row['name']:<13} {' and '.join(row['isa']):<16} {row['triple']:<28} {' '.join(words)}".rstrip()
