"""Print the graph of a model after each pass that changed it, or after one pass; the last one is what is planned.

Without a target it is the graph of those that have no half-precision arithmetic.
"""

from __future__ import annotations

import argparse
from typing import Any

from mgecc.commands._model import chosen
from mgecc.commands._options import add_choice, add_goal, add_json, add_model, add_target
from mgecc.commands._output import show
from mgecc.graph import Graph
from mgecc.graph.text import graph_data, graph_lines
from mgecc.passes.pipeline import PASSES
from mgecc.targets import load_target, nearest
from mgecc.toolrun.graphs import lower_graphs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_choice(parser)
    add_target(parser, required=False)
    add_goal(parser)
    parser.add_argument("--after", default="", metavar="PASS", help="this pass only; --after list names them")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    if args.after and _named(args):
        return 0
    texts: dict[str, list[str]] = {}
    found: dict[str, dict[str, Any]] = {}
    before: dict[tuple[str, str], list[str]] = {}

    def observe(case: str, name: str, target: str, graph: Graph) -> None:
        lines = list(graph_lines(graph))
        changed = lines != before.get((case, target), before.get((case, "")))
        before[case, target] = lines
        title = " ".join(filter(None, [name, target and f"on {target}", case]))
        if name == args.after or (changed and not args.after):
            found[title] = graph_data(graph)
            texts[title] = lines

    target = load_target(args.target, args.cpu) if args.target else None
    lower_graphs(chosen(args), target, observe)
    lines = (line for name, text in texts.items() for line in (f"# after {name}", *text))
    show(args, lines, lambda: found)
    return 0


def _named(args: argparse.Namespace) -> bool:
    """Whether only the names of the passes were wanted; they are printed then. Raises TargetError for another word."""
    names = [one.name for one in PASSES]
    if args.after == "list":
        show(args, names, lambda: names)
        return True
    if args.after not in names:
        raise nearest(args.after, names, "pass")
    return False
