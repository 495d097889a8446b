"""From a model file to its graph, or to its programs, with every mistake of the user's as an InputError."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mgecc import compiler, lowering
from mgecc.graph import Graph
from mgecc.passes import optimize
from mgecc.planner import Program
from mgecc.targets import Target
from mgecc.toolrun.products import read_config, user_errors


def read_graph(path: Path, name: str = "") -> Graph:
    """The graph of a model.yaml or model file as it was imported; ``name``: which of several. Raises InputError."""
    config = read_config(path, name)
    with user_errors(config):
        return lowering.load_graph(config)


def optimize_graph(path: Path, observe: Callable[[str, Graph], None], name: str = "") -> Graph:
    """The graph after all passes; ``observe`` gets it after each. Raises InputError."""
    config = read_config(path, name)
    with user_errors(config):
        return optimize(lowering.load_graph(config), observe, goal=config.optimize)


def plan_programs(path: Path, target: Target, goal: str = "", name: str = "") -> tuple[Program, ...]:
    """The programs of a model, one for each kernel set of the target. Raises InputError."""
    config = read_config(path, name, goal)
    with user_errors(config):
        return compiler.build_programs(config, target)
