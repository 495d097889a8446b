"""Print the graph of a model: inputs, nodes with types and attributes, outputs; as text or for drawing tools."""

from __future__ import annotations

import argparse

from mgecc.commands._graphs import FORMS, add_form, write_onnx
from mgecc.commands._model import chosen
from mgecc.commands._options import add_choice, add_json, add_model
from mgecc.commands._output import show
from mgecc.graph.text import graph_data
from mgecc.toolrun.graphs import read_graph


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_choice(parser)
    add_form(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    graph = read_graph(chosen(args))
    if args.onnx:
        write_onnx(graph, args.onnx)
    show(args, FORMS[args.form](graph), lambda: graph_data(graph))
    return 0
