"""Graphs as commands write them: text, drawings, ONNX for viewers, and what a pass changed."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mgecc.errors import InputError
from mgecc.export_graph import onnx_model
from mgecc.graph import Graph
from mgecc.graph.drawing import dot_lines, mermaid_lines
from mgecc.graph.text import graph_lines
from mgecc.toolrun.terminal import printable

FORMS = {"text": graph_lines, "dot": dot_lines, "mermaid": mermaid_lines}
_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}


def add_form(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as", dest="form", choices=list(FORMS), default="text", help="default: text")
    parser.add_argument(
        "--onnx", type=Path, metavar="FILE", help="write the graph for Netron and other viewers"
    )


def write_onnx(graph: Graph, file: Path) -> None:
    """InputError where the package onnx is not installed."""
    try:
        data = onnx_model(graph)
    except ModuleNotFoundError:
        raise InputError("--onnx needs the package onnx: pip install 'mgecc[onnx]'") from None
    file.write_bytes(data)


def changes(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """A printable unified diff of two texts without its head; in colours on a terminal, unless NO_COLOR is set."""
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for line in list(difflib.unified_diff(before, after, lineterm="", n=1))[2:]:
        colour = _COLOURS.get(line[:1], "") if coloured else ""
        yield f"{colour}{printable(line)}\x1b[0m" if colour else printable(line)
