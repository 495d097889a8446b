"""Run any model with the NumPy meanings of its operators, without a target; slow, and the reference for kernels."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from mgecc import interpret
from mgecc.commands._model import chosen
from mgecc.commands._options import add_choice, add_json, add_model
from mgecc.commands._output import note, show
from mgecc.config import save_cases
from mgecc.errors import InputError
from mgecc.graph import Graph
from mgecc.lowering import load_graph
from mgecc.toolrun.bind_sizes import with_sizes_of
from mgecc.toolrun.input_files import graph_interface, read_inputs
from mgecc.toolrun.open_inputs import as_recorded
from mgecc.toolrun.products import user_errors
from mgecc.toolrun.progress import track
from mgecc.toolrun.tensors import dequantized, ignored_arrays, input_stacks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_choice(parser)
    parser.add_argument(
        "--inputs", type=Path, metavar="FILE", help="as --input of mgecc run; default: from model.yaml"
    )
    parser.add_argument("--out", type=Path, metavar="NPZ", help="file for the arrays out.K")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    config = chosen(args)
    path = args.inputs or config.verify.inputs
    if path is None:
        raise InputError("no inputs: give --inputs, or 'verify:' in model.yaml")
    inputs = read_inputs(config, path, note)
    with user_errors(config):
        config, notes = as_recorded(config, inputs)
        config = with_sizes_of(config, inputs)
        graph = load_graph(config)
    for line in notes:
        note(line)
    outputs = interpret_cases(graph, inputs)
    if args.out:
        save_cases(args.out, {f"out.{k}": array for k, array in enumerate(outputs)})
    rows = [
        {"name": name, "shape": list(array.shape), "type": str(array.dtype)}
        for (name, _), array in zip(graph.results.values(), outputs)
    ]
    show(args, (f"{row['name']}: {row['type']}{row['shape']}" for row in rows), lambda: rows)
    return 0


def interpret_cases(graph: Graph, arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Outputs with a leading axis of cases, as real numbers where they are quantised. Raises InputError.

    The cases of a model with states are consecutive runs.
    """
    interface = graph_interface(graph)
    stacks = input_stacks(arrays, interface)
    for line in ignored_arrays(arrays, interface):
        note(line)
    count = len(next(iter(stacks.values()))) if stacks else 1
    try:
        states = interpret.initial_states(graph)
        cases = [
            interpret.run(graph, {k: stack[i] for k, stack in stacks.items()}, states=states)
            for i in track(f"{graph.name}: cases", range(count))
        ]
        stored = [np.stack(each) for each in zip(*cases)]
    except interpret.InterpretError as error:
        raise InputError(f"{graph.name}: {error}") from None
    except ValueError:
        raise InputError(f"{graph.name}: an output has different sizes in its cases: take one case") from None
    return [dequantized(array, tensor) for array, tensor in zip(stored, interface.outputs)]
