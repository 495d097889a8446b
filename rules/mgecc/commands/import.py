"""Print the graph of a model as text: inputs, nodes with types and attributes, outputs."""

from __future__ import annotations

import argparse

from mgecc.commands._model import chosen
from mgecc.commands._options import add_choice, add_json, add_model
from mgecc.commands._output import show
from mgecc.graph.text import graph_data, graph_lines
from mgecc.toolrun.graphs import read_graph


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_choice(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    graph = read_graph(chosen(args))
    show(args, graph_lines(graph), lambda: graph_data(graph))
    return 0
