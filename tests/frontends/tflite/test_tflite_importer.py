"""Names, subgraphs, variables and the application's operators of TensorFlow Lite files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from mgecc import frontends, interpret
from mgecc.graph import Graph
from mgecc.ops.custom import CustomAttrs, CustomFunction
from tflite_writer import TfliteFile

X = np.array([[1, 2, 3]], np.float32)


def survey(
    data: bytes, functions: Mapping[str, CustomFunction] | None = None, **shapes: Sequence[int]
) -> tuple[Graph, list[str]]:
    graph, problems = frontends.survey(data, "net.tflite", shapes, functions)
    return graph, [str(problem) for problem in problems.problems]


def imported(data: bytes, **shapes: Sequence[int]) -> Graph:
    graph, problems = survey(data, **shapes)
    assert problems == []
    return graph


def scaled(m: TfliteFile, x: int, factor: float) -> int:
    return m.op("MUL", [x, m.constant(np.array(factor))], m.tensor([1, 3]), options=("MulOptions", {}))


def named(signature: bool = True) -> TfliteFile:
    m = TfliteFile()
    x = m.input("serving_x:0", [1, 3], shape_signature=[-1, 3])
    y = m.op("NEG", [x], m.tensor([1, 3], name="Identity:0"))
    if signature:
        m.sign({"x": x}, {"y": y})
    m.graphs[0].outputs = [y]
    return m


def test_names_of_the_signature_are_those_of_inputs_and_outputs() -> None:
    graph = imported(named().bytes())
    assert [v.name for v in graph.inputs] == ["x"] and [name for name, _ in graph.outputs] == ["y"]
    assert graph.aliases == {"x": "serving_x:0"}
    graph = imported(named(signature=False).bytes())
    assert [v.name for v in graph.inputs] == ["serving_x:0"] and graph.aliases == {}


@pytest.mark.parametrize("name", ["x", "serving_x:0"])
def test_shapes_are_given_by_either_name(name: str) -> None:
    graph = imported(named().bytes(), **{name: [4, 3]})
    assert graph.outputs[0][1].shape == (4, 3)


def test_other_names_are_told() -> None:
    _, (problem,) = survey(named().bytes(), z=[4, 3])
    assert "the model has no such input; its inputs are x" in problem


def test_open_sizes_have_no_names() -> None:
    assert frontends.open_inputs(named().bytes()) == {"x": ("", 3)}


def branches(condition: Any) -> bytes:
    m = TfliteFile()
    x = m.input("x", [1, 3])
    c = m.input("c", [1], "BOOL") if condition is None else m.constant(np.array(condition))
    y = m.tensor([1, 3])
    m.op("IF", [c, x], y, options=("IfOptions", {"then_subgraph_index": 1, "else_subgraph_index": 2}))
    m.graph.outputs = [y]
    for factor in (2.0, 5.0):
        m.subgraph()
        m.graph.outputs = [scaled(m, m.input("inside", [1, 3]), factor)]
    return m.bytes()


@pytest.mark.parametrize(("condition", "factor"), [(True, 2), (False, 5)])
def test_the_branch_of_a_known_condition_is_taken(condition: bool, factor: int) -> None:
    assert (interpret.run(imported(branches(condition)), {"x": X})[0] == factor * X).all()


def test_a_computed_condition_is_refused() -> None:
    _, (problem,) = survey(branches(None))
    assert "its condition is computed from the model's data" in problem


def loop(count: int, step: int = 1) -> bytes:
    """Doubles x, counting from 0 to ``count``."""
    m = TfliteFile()
    x, k = m.input("x", [1, 3]), m.constant(np.array(0))
    results = m.tensor([], "INT32"), m.tensor([1, 3])
    options = {"cond_subgraph_index": 1, "body_subgraph_index": 2}
    m.op("WHILE", [k, x], *results, options=("WhileOptions", options))
    m.graph.outputs = [results[1]]
    m.subgraph()
    k, x = m.input("k", [], "INT32"), m.input("x", [1, 3])
    m.graph.outputs = [m.op("LESS", [k, m.constant(np.array(count))], m.tensor([], "BOOL"))]
    m.subgraph()
    k, x = m.input("k", [], "INT32"), m.input("x", [1, 3])
    k = m.op("ADD", [k, m.constant(np.array(step))], m.tensor([], "INT32"), options=("AddOptions", {}))
    m.graph.outputs = [k, scaled(m, x, 2.0)]
    return m.bytes()


def test_a_loop_of_a_known_count_is_unrolled() -> None:
    assert (interpret.run(imported(loop(3)), {"x": X})[0] == 8 * X).all()


@pytest.mark.parametrize("data", [loop(3, step=0), loop(10**6)], ids=["endless", "long"])
def test_loops_without_an_end_are_refused(data: bytes) -> None:
    _, (problem,) = survey(data)
    assert "the loop has more than 4096 steps" in problem


def test_a_subgraph_that_calls_itself_is_refused() -> None:
    m = TfliteFile()
    x, c = m.input("x", [1, 3]), m.constant(np.array(True))
    y = m.tensor([1, 3])
    m.op("IF", [c, x], y, options=("IfOptions", {"then_subgraph_index": 0, "else_subgraph_index": 0}))
    _, problems = survey(m.bytes(y))
    assert any("subgraphs lie more than 32 deep in one another" in problem for problem in problems)


def handle(m: TfliteFile, name: str) -> int:
    return m.op(
        "VAR_HANDLE", [], m.tensor([], "RESOURCE"), options=("VarHandleOptions", {"shared_name": name})
    )


def counter(initial: Sequence[float] = (10.0, 20.0, 30.0)) -> TfliteFile:
    """The old contents are the result; x is added to them."""
    m = TfliteFile()
    x = m.input("x", [1, 3])
    m.op("CALL_ONCE", [], options=("CallOnceOptions", {"init_subgraph_index": 1}))
    v = handle(m, "sum")
    old = m.op("READ_VARIABLE", [v], m.tensor([1, 3]))
    new = m.op("ADD", [old, x], m.tensor([1, 3]), options=("AddOptions", {}))
    m.op("ASSIGN_VARIABLE", [v, new])
    m.graph.outputs = [m.op("NEG", [old], m.tensor([1, 3]))]
    m.subgraph()
    m.op("ASSIGN_VARIABLE", [handle(m, "sum"), m.constant(np.array([initial]))])
    return m


def test_a_variable_is_a_state_with_the_contents_that_are_assigned_once() -> None:
    graph = imported(counter().bytes())
    (state,) = graph.states
    assert (state.name, np.ravel(state.initial).tolist()) == ("sum", [10, 20, 30])
    assert [v.name for v in graph.given_inputs] == ["x"] and len(graph.results) == 1
    states = interpret.initial_states(graph)
    runs = [interpret.run(graph, {"x": X}, states=states)[0].tolist() for _ in range(3)]
    assert runs == [[[-10, -20, -30]], [[-11, -22, -33]], [[-12, -24, -36]]]


def test_a_variable_that_is_assigned_before_it_is_read_needs_no_state() -> None:
    m = TfliteFile()
    x, v = m.input("x", [1, 3]), handle(m, "v")
    m.op("ASSIGN_VARIABLE", [v, x])
    graph = imported(m.bytes(m.op("READ_VARIABLE", [v], m.tensor([1, 3]))))
    assert graph.states == [] and (interpret.run(graph, {"x": X})[0] == X).all()


def test_variables_that_do_not_fit_are_told() -> None:
    m = TfliteFile()
    x, v = m.input("x", [1, 3]), handle(m, "v")
    old = m.op("READ_VARIABLE", [v], m.tensor([1, 2]))
    m.op("ASSIGN_VARIABLE", [v, x])
    y = m.op("READ_VARIABLE", [m.constant(np.array(7))], m.tensor([1, 3]))
    _, problems = survey(m.bytes(old, y))
    assert any("it assigns [1, 3] to a variable of [1, 2]" in problem for problem in problems)
    assert any("it reads no variable" in problem for problem in problems)


def custom() -> bytes:
    m = TfliteFile()
    x = m.input("x", [1, 3])
    return m.bytes(m.op("Mine", [x], m.tensor([1, 2], "INT32", name="y"), custom=b"\1\2"))


def test_a_function_of_the_application_stands_for_an_operator() -> None:
    graph, problems = survey(custom(), {"Mine": CustomFunction("mine")})
    (node,) = graph.nodes
    attrs = node.attributes(CustomAttrs)
    assert problems == [] and (attrs.user.function, attrs.data, attrs.operator) == ("mine", b"\1\2", "Mine")
    assert str(node.output.type) == "int32[1, 2]"


def test_its_results_are_those_of_the_configuration() -> None:
    graph, _ = survey(custom(), {"y": CustomFunction("mine", (("float32", (1, 4)),))})
    assert str(graph.outputs[0][1].type) == "float32[1, 4]"


def test_functions_for_what_is_not_there_are_told() -> None:
    _, problems = survey(custom(), {"Mine": CustomFunction("mine"), "Yours": CustomFunction("yours")})
    assert len(problems) == 1 and "the model has no such operator; it has Mine" in problems[0]


def test_the_number_of_its_results_must_fit() -> None:
    _, (problem,) = survey(custom(), {"Mine": CustomFunction("mine", (("float32", (1,)),) * 2)})
    assert "it has 1 results, 2 are described" in problem
