"""Printing a result as lines to read, or as one JSON document with ``--json-output``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from typing import Any


def show(args: argparse.Namespace, lines: Iterable[str], data: Callable[[], Any]) -> None:
    """Print ``lines``, or where it was asked for, ``data()``."""
    if args.json_output:
        print(json.dumps(data(), indent=1))
    else:
        for line in lines:
            print(line)
