"""Outputs that are inputs of the next run, as a configuration pairs them."""

from __future__ import annotations

from collections.abc import Mapping

from mgecc.graph import Diagnostic, Diagnostics, Graph, State


def pair_states(graph: Graph, pairs: Mapping[str, str], problems: Diagnostics) -> None:
    """Make memory that lives across runs of inputs and outputs; ``pairs``: the output for each input, by name.

    What does not fit becomes a problem.
    """
    for name, output in pairs.items():
        wrong = _mistake(graph, name, output)
        if wrong:
            problems.problems.append(Diagnostic(name, "input", "state", *wrong))
        else:
            position = next(k for k, (other, _) in graph.results.items() if other == output)
            graph.states.append(State(name, position))


def _mistake(graph: Graph, name: str, output: str) -> tuple[str, str] | None:
    """Why these two cannot be a state, and what can be done."""
    inputs = {value.name: value for value in graph.given_inputs}
    outputs = dict(graph.results.values())
    if name not in inputs:
        return "the model has no such input", f"its inputs are {', '.join(inputs)}"
    if output not in outputs:
        return (
            f"the model has no output {output}, or it is another state",
            f"its outputs are {', '.join(outputs)}",
        )
    now, then = inputs[name].type, outputs[output].type
    if now != then:
        return f"it is {now}, and the output {output} is {then}", "both must have one shape and element type"
    return None
