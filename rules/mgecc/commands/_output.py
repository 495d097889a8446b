"""Printing a result as lines to read, or as one JSON document with ``--json-output``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

from mgecc.toolrun.terminal import unescaped


def note(text: str) -> None:
    """Tell something beside the result, where programs that read it are not disturbed."""
    print(f"mgecc: note: {text}", file=sys.stderr)


def show(
    args: argparse.Namespace, lines: Iterable[str], data: Callable[[], Any], painted: bool = False
) -> None:
    """Print ``lines``, or where it was asked for, ``data()``. ``painted``: all but their colours is printable."""
    if args.json_output:
        print(json.dumps(data(), indent=1))
    else:
        for line in lines:
            print(line, file=unescaped(sys.stdout) if painted else sys.stdout)
