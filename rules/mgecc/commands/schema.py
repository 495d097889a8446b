"""Print the JSON Schema of model.yaml, for editors: completion, and mistakes shown while typing."""

from __future__ import annotations

import argparse
from pathlib import Path

import mgecc.config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # there are none


def run(args: argparse.Namespace) -> int:
    text = (Path(mgecc.config.__file__).parent / "model.schema.json").read_text(encoding="utf-8")
    print(text, end="")
    return 0
