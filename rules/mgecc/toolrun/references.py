"""What other engines give for a model's inputs: outputs, and every layer where their tensors are the graph's values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.config import ModelConfig
from mgecc.graph import Graph, Value
from mgecc.lowering import input_forms, load_graph
from mgecc.references import Engine, Memory, Results, open_engine, run_cases
from mgecc.toolrun.products import user_errors
from mgecc.toolrun.progress import track
from mgecc.toolrun.tensors import Arrays, Interface, input_stacks


def reference_outputs(name: str, config: ModelConfig, inputs: Arrays, interface: Interface) -> Arrays:
    """What the engine called ``name`` gives: arrays out.K, stacked over the cases. Raises EngineMissing, InputError."""
    _, graph, results = _run(name, config, inputs, interface, every=False)
    return {
        f"out.{number}": np.stack([result.outputs[position] for result in results])
        for number, position in enumerate(graph.results)
    }


@dataclass(frozen=True)
class Tensors:
    """Of every case, all tensors by their names in the file. ``channels_last``: of those with 4 axes."""

    cases: Sequence[Mapping[str, np.ndarray]]
    channels_last: bool


def reference_tensors(name: str, config: ModelConfig, inputs: Arrays, interface: Interface) -> Tensors:
    """What the engine called ``name`` computes on its way. Raises EngineMissing, InputError."""
    engine, _, results = _run(name, config, inputs, interface, every=True)
    return Tensors([result.tensors for result in results], engine.channels_last)


def _run(
    name: str, config: ModelConfig, inputs: Arrays, interface: Interface, every: bool
) -> tuple[Engine, Graph, list[Results]]:
    stacks = input_stacks(inputs, interface)
    with user_errors(config):
        graph = load_graph(config)
    forms = input_forms(config, graph)
    types = {value.name: value.type for value in graph.inputs}
    given = {k: forms[k].to_network(v, types[k].dtype) if k in forms else v for k, v in stacks.items()}
    memory = [
        Memory(s.name, s.output, np.zeros(types[s.name].shape) if s.initial is None else s.initial)
        for s in graph.states
    ]
    engine = open_engine(name, config.model, every)
    given = {k if k in engine.inputs else graph.aliases.get(k, k): v for k, v in given.items()}
    return (
        engine,
        graph,
        run_cases(
            engine, given, config.bind, memory, lambda cases: track(f"{config.name}: cases by {name}", cases)
        ),
    )


def comparable(graph: Graph, tensors: Tensors) -> dict[Value, list[np.ndarray]]:
    """Results of the graph's nodes that a file's tensors are, by name and shape -> case by case, as real numbers.

    Axes of one element may be more or fewer. Left out is whose name and shape are not its own, and what the engine
    stores otherwise than the graph.
    """
    results = [value for node in graph.nodes for value in node.outputs]
    count = Counter((value.name, value.shape) for value in results)
    found = {}
    for value in results:
        cases = [_real(case[value.name], value, tensors) for case in tensors.cases if value.name in case]
        arrays = [array for array in cases if array is not None]
        if count[value.name, value.shape] == 1 and len(arrays) == len(tensors.cases):
            found[value] = arrays
    return found


def _real(array: np.ndarray, value: Value, tensors: Tensors) -> np.ndarray | None:
    dtype = value.type.dtype
    forms = [array, array.transpose(0, 3, 1, 2)] if tensors.channels_last and array.ndim == 4 else [array]
    fitting = [form.reshape(value.shape) for form in forms if _wide(form.shape) == _wide(value.shape)]
    if not fitting or not all(np.array_equal(fitting[0], other, equal_nan=True) for other in fitting):
        return None  # another shape, or one that either order of axes has
    if dtype.scale is None or array.dtype.kind == "f":
        return fitting[0].astype(np.float64)
    stored = array.dtype == dtype.numpy
    return (fitting[0].astype(np.float64) - dtype.zero_point) * dtype.scale if stored else None


def _wide(shape: tuple[int, ...]) -> list[int]:
    return [n for n in shape if n != 1]
