"""Print the graph of a model after each pass that changed it, or after one pass."""

from __future__ import annotations

import argparse

from mgecc.commands._options import add_choice, add_json, add_model
from mgecc.commands._output import show
from mgecc.graph import Graph
from mgecc.graph.text import graph_data, graph_lines
from mgecc.passes.pipeline import PASSES
from mgecc.targets import nearest
from mgecc.toolrun.graphs import optimize_graph


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_choice(parser)
    parser.add_argument("--after", default="", metavar="PASS", help="this pass only; --after list names them")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    if args.after and _named(args):
        return 0
    texts: dict[str, list[str]] = {}
    found: dict[str, dict] = {}

    def observe(name: str, graph: Graph) -> None:
        lines = list(graph_lines(graph))
        changed = not texts or lines != list(texts.values())[-1]
        if name == args.after or (changed and not args.after):
            found[name] = graph_data(graph)
            texts[name] = lines

    optimize_graph(args.model, observe, args.name)
    lines = (line for name, text in texts.items() for line in (f"# after {name}", *text))
    show(args, lines, lambda: found)
    return 0


def _named(args: argparse.Namespace) -> bool:
    """Whether only the names of the passes were wanted; they are printed then. Raises TargetError for another word."""
    names = [name for name, _ in PASSES]
    if args.after == "list":
        show(args, names, lambda: names)
        return True
    if args.after not in names:
        raise nearest(args.after, names, "pass")
    return False
