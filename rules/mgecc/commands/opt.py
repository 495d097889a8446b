"""Print the graph of a model after each pass that changed it, or after one pass; the last one is what is planned.

``--onnx`` writes the last one that is printed. Without a target it is the graph of those that have no half-precision
arithmetic.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mgecc.commands._graphs import FORMS, add_form, changes, write_onnx
from mgecc.commands._model import chosen
from mgecc.commands._options import add_choice, add_goal, add_json, add_model, add_target
from mgecc.commands._output import show
from mgecc.graph import Graph
from mgecc.graph.text import graph_data, graph_lines
from mgecc.passes.pipeline import PASSES
from mgecc.targets import load_target, nearest
from mgecc.toolrun.graphs import lower_graphs
from mgecc.toolrun.terminal import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_choice(parser)
    add_target(parser, required=False)
    add_goal(parser)
    parser.add_argument("--after", default="", metavar="PASS", help="this pass only; --after list names them")
    parser.add_argument("--diff", action="store_true", help="print what each pass changed")
    add_form(parser)
    add_json(parser)


@dataclass
class _Passes:
    """What is seen of the graphs on their way, by title: the pass, and target and set of shapes where there are
    several.
    """

    args: argparse.Namespace
    texts: dict[str, list[str]] = field(default_factory=dict)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    before: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def __call__(self, case: str, name: str, target: str, graph: Graph) -> None:
        lines = list(graph_lines(graph))
        last = self.before.get((case, target), self.before.get((case, "")))
        self.before[case, target] = lines
        after = self.args.after
        if not (name == after if after else lines != last):
            return
        title = printable(" ".join(filter(None, [name, target and f"on {target}", case])))
        self.found[title] = graph_data(graph)
        self.texts[title] = self._shown(graph, lines, last or [])
        if self.args.onnx:
            write_onnx(graph, self.args.onnx)

    def _shown(self, graph: Graph, lines: list[str], last: list[str]) -> list[str]:
        if self.args.diff:
            return list(changes(last, lines))
        return list(FORMS[self.args.form](graph))


def run(args: argparse.Namespace) -> int:
    if args.after and _named(args):
        return 0
    passes = _Passes(args)
    target = load_target(args.target, args.cpu) if args.target else None
    lower_graphs(chosen(args), target, passes)
    show(args, _lines(args, passes.texts), lambda: passes.found, painted=args.diff)
    return 0


def _lines(args: argparse.Namespace, texts: dict[str, list[str]]) -> Iterator[str]:
    """All graphs under their titles; of a drawing, the last one alone."""
    if args.form != "text" and not args.diff:
        yield from list(texts.values())[-1]
        return
    for name, text in texts.items():
        yield f"# after {name}"
        yield from text


def _named(args: argparse.Namespace) -> bool:
    """Whether only the names of the passes were wanted; they are printed then. Raises TargetError for another word."""
    names = [one.name for one in PASSES]
    if args.after == "list":
        show(args, names, lambda: names)
        return True
    if args.after not in names:
        raise nearest(args.after, names, "pass")
    return False
