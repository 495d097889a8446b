"""Functions of the user's stand for nodes of ONNX files, of operators that are known or not."""

from __future__ import annotations

from typing import Any

import numpy as np
from mgecc import frontends
from mgecc.graph import Graph
from mgecc.ops.custom import CustomAttrs, CustomFunction
from networks import model
from onnx import helper

FLOATS = (("float32", (2, 4)),)


def nodes(op: str, domain: str) -> list[Any]:
    made = helper.make_node(op, ["x", "k"], ["a"], name="mine", domain=domain, gain=2.5, taps=[1, 2])
    return [made, helper.make_node("Relu", ["a"], ["y"])]


def survey(op: str, domain: str, **functions: CustomFunction) -> tuple[Graph, list[str], list[str]]:
    data = model(nodes(op, domain), {"x": [2, 4]}, ["y"], {"k": np.array([3, 4])})
    graph, found = frontends.survey(data, "net.onnx", {}, functions)
    return graph, [str(problem) for problem in found.problems], found.notes


def test_a_function_computes_an_operator_of_another_domain() -> None:
    for key in ("Scale", "com.example.Scale", "mine"):
        graph, problems, _ = survey("Scale", "com.example", **{key: CustomFunction("scale", FLOATS)})
        node = graph.nodes[0]
        assert problems == [] and node.op == "Custom" and node.output.shape == (2, 4)
        attrs = node.attributes(CustomAttrs)
        assert attrs.user.function == "scale" and "gain=2.5" in attrs.parameters
        assert [value.type.dtype.name for value in node.inputs] == ["float32", "int32"]


def test_of_a_known_operator_the_results_need_not_be_stated() -> None:
    data = model([helper.make_node("Transpose", ["x"], ["y"])], {"x": [2, 4]}, ["y"])
    graph, found = frontends.survey(data, "net.onnx", {}, {"Transpose": CustomFunction("turn", ())})
    assert found.problems == [] and [(n.op, n.output.shape) for n in graph.nodes] == [("Custom", (4, 2))]


def test_what_is_not_stated_and_what_is_not_there_is_told() -> None:
    _, (problem,), _ = survey("Scale", "com.example", Scale=CustomFunction("scale", (("float32", None),)))
    assert "custom: {com.example.Scale: {outputs: [{dtype: float32, shape: [...]}]}}" in problem
    _, problems, _ = survey(
        "Scale", "com.example", Scale=CustomFunction("s", FLOATS), Other=CustomFunction("o", ())
    )
    assert "Other (custom, configuration): the model has no such operator" in problems[0]
    _, problems, notes = survey(
        "Scale", "com.example", Scale=CustomFunction("s", FLOATS), Other=CustomFunction("o", (), True)
    )
    assert problems == [] and "Other: the model has no such operator" in notes[0]
