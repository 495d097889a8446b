"""From a model file to its graph, or to its programs, with every mistake of the user's as an InputError."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mgecc import compiler, lowering
from mgecc.config import ModelConfig
from mgecc.graph import Graph
from mgecc.names import singles
from mgecc.planner import Program
from mgecc.targets import Target
from mgecc.toolrun.products import user_errors

ObserveSet = Callable[[str, str, str, Graph], None]
"""Called after each pass with the set of input shapes, where there are several, and as ``lowering.Observe``."""


def read_graph(config: ModelConfig) -> Graph:
    """The graph of a model as it was imported. Raises InputError."""
    with user_errors(config):
        return lowering.load_graph(config)


def _unobserved(_case: str, _name: str, _target: str, _graph: Graph) -> None:
    pass


def lower_graphs(
    config: ModelConfig, target: Target | None, observe: ObserveSet = _unobserved
) -> list[Graph]:
    """The graphs that are planned: for each set of input shapes one for each kernel set of the target.

    ``target``: None for what all targets without half-precision arithmetic plan. Raises InputError.
    """
    found: list[Graph] = []
    with user_errors(config):
        for imported, shapes in zip(lowering.import_sets(config), config.shape_sets):
            case = compiler.case_of(shapes) if config.input_shapes else ""
            told = partial(observe, case)
            lowered = lowering.lower(imported, shapes, singles(target) if target else [None], told)
            for one in lowered:
                one.problems.check()
            found += [one.graph for one in lowered]
    return found


def plan_programs(config: ModelConfig, target: Target) -> tuple[Program, ...]:
    """The programs of a model, one for each kernel set of the target. Raises InputError."""
    with user_errors(config):
        return compiler.build_programs(config, target)
