"""Print the JSON Schema of model.yaml, for editors: completion, and mistakes shown while typing; or of report.json."""

from __future__ import annotations

import argparse
from pathlib import Path

import mgecc.config
import mgecc.report
from mgecc.config.page import page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--report", action="store_true", help="the schema of report.json")
    form.add_argument("--markdown", action="store_true", help="docs/model-yaml.md: every key of model.yaml")


def run(args: argparse.Namespace) -> int:
    if args.markdown:
        print(page(), end="")
        return 0
    package, name = (
        (mgecc.report, "report.schema.json") if args.report else (mgecc.config, "model.schema.json")
    )
    print(Path(str(package.__file__)).with_name(name).read_text(encoding="utf-8"), end="")
    return 0
