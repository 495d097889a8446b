"""Runs a graph node by node with the NumPy meanings of its operators: the reference for everything compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, overload

import numpy as np

from mgecc import ops
from mgecc.errors import ModelFault
from mgecc.graph import Graph, Node, Unsupported, Value


def beyond(array: np.ndarray, span: tuple[int, int] | None) -> str:
    """An integer outside of the range of an input, and why it is refused; empty if there is none."""
    if span is None:
        return ""
    low, high = span
    outside = array.reshape(-1)[((array < low) | (array > high)).reshape(-1)]
    if not outside.size:
        return ""
    return f"{outside.flat[0]}, and so that all fits 32 bits, its integers may lie from {low} to {high}"


class InterpretError(ModelFault, ValueError):
    """The graph cannot be run on these inputs: one is missing or has the wrong form, or a node refuses its data."""


def check_input(graph: Graph, value: Value, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """The array given for a graph input, as the graph computes with it.

    InterpretError if it is missing, or has another shape or type.
    """
    if value.name not in inputs:
        raise InterpretError(f"the input {value.name} is missing")
    array = np.asarray(inputs[value.name])
    if array.shape == () and value.shape == (1,):
        array = array.reshape(1)
    if array.shape != value.shape:
        message = f"the input {value.name} has shape {list(array.shape)}, the model needs {list(value.shape)}"
        raise InterpretError(message)
    seen, own = graph.seen_input(value).dtype.numpy, value.type.dtype.numpy
    if array.dtype not in (seen, own):
        raise InterpretError(f"the input {value.name} has type {array.dtype}, the model needs {seen}")
    why = beyond(array, graph.ranges.get(value.name))
    if why:
        raise InterpretError(f"the input {value.name} holds {why}")
    return array.astype(own, copy=False)


def _evaluate(node: Node, arrays: list[np.ndarray]) -> list[np.ndarray]:
    try:
        with np.errstate(all="ignore"):
            return ops.evaluate(node, arrays)
    except Unsupported as error:
        raise InterpretError(f"{node.name} ({node.op}): {error.why}") from error
    except (IndexError, ValueError) as error:
        raise InterpretError(f"{node.name} ({node.op}): {error}") from error


def _last_readers(graph: Graph) -> dict[Value, Node]:
    """Which node reads each value last."""
    return {value: node for node in graph.nodes for value in node.inputs}


def _constants(graph: Graph) -> dict[Value, np.ndarray]:
    return {v: v.const for v in graph.values() if v.const is not None}


States = dict[str, np.ndarray]
"""What states hold, by name."""


def initial_states(graph: Graph) -> States:
    """What the states hold before the first run."""
    types = {value.name: value.type for value in graph.inputs}
    zeros = {s.name: np.zeros(types[s.name].shape, types[s.name].dtype.numpy) for s in graph.states}
    return zeros | {s.name: s.initial for s in graph.states if s.initial is not None}


@overload
def run(
    graph: Graph, inputs: Mapping[str, np.ndarray], keep: Literal[False] = False, states: States | None = None
) -> list[np.ndarray]: ...


@overload
def run(
    graph: Graph, inputs: Mapping[str, np.ndarray], keep: Literal[True], states: States | None = None
) -> dict[Value, np.ndarray]: ...


def run(
    graph: Graph, inputs: Mapping[str, np.ndarray], keep: bool = False, states: States | None = None
) -> list[np.ndarray] | dict[Value, np.ndarray]:
    """Run the graph on stored numbers by input name.

    ``states``: from ``initial_states``, or from the run before; they are changed to what the next run reads. Without
    them the run is the first one.

    Returns the outputs in order, or with ``keep`` every value by ``Value``. Results whose size depends on the data
    have their true size. Raises InterpretError.
    """
    states = initial_states(graph) if states is None else states
    given = {**inputs, **states}
    known = _constants(graph)
    known.update((value, check_input(graph, value, given)) for value in graph.inputs)
    last = _last_readers(graph)
    outputs = graph.output_values()
    for node in graph.nodes:
        known.update(zip(node.outputs, _evaluate(node, [known[v] for v in node.inputs])))
        if not keep:
            for value in (*node.inputs, *node.outputs):
                if value not in outputs and last.get(value, node) is node:
                    known.pop(value, None)
    states.update((state.name, known[graph.outputs[state.output][1]]) for state in graph.states)
    if keep:
        return known
    return [
        known[value].astype(graph.seen_output(k).dtype.numpy, copy=False)
        for k, (_, value) in graph.results.items()
    ]
