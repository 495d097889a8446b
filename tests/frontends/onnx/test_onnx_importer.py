"""ONNX files become graphs: constants and shape arithmetic are folded, functions and conditions taken apart."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc import frontends, interpret
from mgecc.frontends.onnx import recognises
from mgecc.frontends.onnx.errors import OnnxError
from networks import model, results, survey, tensor
from onnx import ModelProto, TensorProto, helper

X = np.array([[-1.0, 2.0, 3.0]], np.float32)
RELU = model([helper.make_node("Relu", ["x"], ["y"], name="first")], {"x": [1, 3]}, ["y"])


def test_a_node_becomes_one_of_the_graph_with_its_name_and_place() -> None:
    graph, problems = survey(RELU)
    (node,) = graph.nodes
    assert (problems, node.name, node.origin) == ([], "first", "node 0 (Relu)")
    assert results(RELU, x=X)[0].tolist() == [[0, 2, 3]]


def test_arithmetic_of_shapes_leaves_no_node() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "one"], ["n"]),
        helper.make_node("Unsqueeze", ["n", "axes"], ["v"]),
        helper.make_node("Concat", ["v", "rest"], ["shape"], axis=0),
        helper.make_node("Reshape", ["x", "shape"], ["y"]),
    ]
    numbers = {"one": np.array(1), "axes": np.array([0]), "rest": np.array([-1])}
    graph, problems = survey(model(nodes, {"x": [1, 6]}, ["y"], numbers))
    assert problems == [] and [node.op for node in graph.nodes] == ["Reshape"]
    assert graph.outputs[0][1].shape == (6, 1)


def test_an_open_shape_is_told_with_what_to_write() -> None:
    data = model([helper.make_node("Relu", ["x"], ["y"])], {"x": ["batch", 3]}, ["y"])
    _, (problem,) = survey(data)
    assert "the shape of this input is open: [batch, 3]" in problem and "--input-shapes x=1x3, or" in problem
    graph, problems = survey(data, x=(2, 3))
    assert problems == [] and graph.outputs[0][1].shape == (2, 3)


def test_a_size_of_0_is_one_and_other_shapes_may_be_given() -> None:
    data = model([helper.make_node("Concat", ["x", "y"], ["z"], axis=0)], {"x": [0, 3], "y": [2, 3]}, ["z"])
    graph, found = frontends.survey(data, "net.onnx")
    assert found.problems == [] and [value.name for value in graph.given_inputs] == ["y"]
    assert "the input x has the shape [0, 3] in the file, so no elements, and is left out" in found.notes[0]
    np.testing.assert_array_equal(results(data, y=np.ones((2, 3), np.float32))[0], np.ones((2, 3)))
    assert frontends.open_inputs(data) == {"x": ("", 3)}  # recorded arrays may have another
    graph, found = frontends.survey(data, "net.onnx", {"x": (1, 3)})
    assert (found.problems, found.notes, graph.outputs[0][1].shape) == ([], [], (3, 3))


def test_a_sum_of_nothing_is_known() -> None:
    data = model([helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)], {"x": [2, 0]}, ["y"])
    graph, problems = survey(data)
    assert problems == [] and graph.nodes == [] and interpret.run(graph, {})[0].tolist() == [0]


def test_a_bound_input_is_a_constant_of_its_own_type_and_no_input() -> None:
    nodes = [helper.make_node("Add", ["k", "one"], ["n"]), helper.make_node("Expand", ["x", "n"], ["y"])]
    data = model(nodes, {"x": [1, 3], "k": ["n"]}, ["y"], {"one": np.array([1, 1])})
    proto = ModelProto.FromString(data)
    proto.graph.input[1].type.tensor_type.elem_type = TensorProto.INT64
    graph, found = frontends.survey(proto.SerializeToString(), "net.onnx", bound={"k": [3, 2]})
    assert found.problems == [] and [value.name for value in graph.inputs] == ["x"]
    assert graph.outputs[0][1].shape == (4, 3)
    for wrong, why in (([3, 2.5], "its elements are int64"), ([[3], [2, 1]], "its elements are int64")):
        _, found = frontends.survey(proto.SerializeToString(), "net.onnx", bound={"k": wrong})
        assert why in str(found.problems[0])
    _, found = frontends.survey(proto.SerializeToString(), "net.onnx", bound={"k": [3, 2], "j": 1})
    assert "j (input, bind): the model has no such input; its inputs are x" in str(found.problems[0])


def test_all_unsupported_nodes_are_told_at_once() -> None:
    nodes = [
        helper.make_node("ImageDecoder", ["x"], ["a"], name="decode"),
        helper.make_node("Adam", ["a"], ["b"], name="learn", domain="ai.onnx.preview.training"),
        helper.make_node("Fused", ["b"], ["y"], name="fused", domain="com.microsoft"),
    ]
    _, problems = survey(model(nodes, {"x": [3]}, ["y"]))
    assert len(problems) == 3
    assert "decode" in problems[0] and "node 0 (ImageDecoder)" in problems[0]
    assert "without the optimisations of ONNX Runtime" in problems[2]


def test_an_operator_that_the_standard_defines_by_others_needs_no_rule() -> None:
    y = results(model([helper.make_node("Celu", ["x"], ["y"], alpha=2.0)], {"x": [1, 3]}, ["y"]), x=X)[0]
    expected = np.maximum(0, X) + np.minimum(0, 2 * (np.exp(X / 2) - 1))
    assert np.allclose(y, expected, rtol=1e-6)


def test_the_branch_of_a_known_condition_is_taken_and_the_other_one_not_looked_at() -> None:
    taken = helper.make_graph([helper.make_node("Neg", ["x"], ["a"])], "then", [], [tensor("a", None)])
    other = helper.make_graph([helper.make_node("Nonsense", ["x"], ["a"])], "else", [], [tensor("a", None)])
    node = helper.make_node("If", ["c"], ["y"], then_branch=taken, else_branch=other)
    data = model([node], {"x": [1, 3]}, ["y"], {"c": np.array(True)})
    assert results(data, x=X)[0].tolist() == [[1, -2, -3]]


def test_a_loop_of_a_known_count_is_unrolled() -> None:
    nodes = [
        helper.make_node("Add", ["state", "state"], ["next"]),
        helper.make_node("Identity", ["next"], ["seen"]),
        helper.make_node("Identity", ["cond"], ["again"]),
    ]
    inputs = [
        tensor("k", [], TensorProto.INT64),
        tensor("cond", [], TensorProto.BOOL),
        tensor("state", [1, 3]),
    ]
    outputs = [tensor("again", [], TensorProto.BOOL), tensor("next", None), tensor("seen", None)]
    body = helper.make_graph(nodes, "body", inputs, outputs)
    loop = helper.make_node("Loop", ["count", "", "x"], ["y", "all"], body=body)
    y, steps = results(model([loop], {"x": [1, 3]}, ["y", "all"], {"count": np.array(3)}), x=X)
    assert y.tolist() == (8 * X).tolist() and steps.shape == (3, 1, 3)


def test_constants_that_are_listed_as_inputs_are_constants() -> None:
    node = helper.make_node("Add", ["x", "k"], ["y"])
    graph, problems = survey(
        model([node], {"x": [1, 3], "k": [1, 3]}, ["y"], {"k": np.ones((1, 3), np.float32)})
    )
    assert problems == [] and [value.name for value in graph.inputs] == ["x"]


@pytest.mark.parametrize("size", range(0, len(RELU), 7))
def test_a_cut_off_file_is_one_line(size: int) -> None:
    with pytest.raises(frontends.ModelError) as caught:
        frontends.survey(RELU[:size], "net.onnx")
    assert str(caught.value).isprintable()


def test_a_damaged_file_is_recognised_by_its_beginning() -> None:
    assert recognises(RELU) and recognises(RELU[:20])
    with pytest.raises(OnnxError, match="reading it as an ONNX model fails"):
        frontends.survey(RELU[:20] + b"\xff" * 20, "net.onnx")


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "a\\b", "", "C:w.bin"])
def test_numbers_outside_of_the_models_folder_are_not_read(location: str) -> None:
    made = helper.make_model(
        helper.make_graph(
            [helper.make_node("Add", ["x", "k"], ["y"])], "net", [tensor("x", [3])], [tensor("y", None)]
        )
    )
    weights = made.graph.initializer.add(name="k", data_type=TensorProto.FLOAT, dims=[3], data_location=1)
    weights.external_data.add(key="location", value=location)
    with pytest.raises(OnnxError, match="no file inside the model's folder|only one was given"):
        frontends.survey(made.SerializeToString(), "net.onnx", {}, None, None)


def test_attributes_that_a_function_is_not_given_are_those_of_the_standard() -> None:
    node = helper.make_node("ThresholdedRelu", ["x"], ["y"])
    assert results(model([node], {"x": [1, 3]}, ["y"]), x=X)[0].tolist() == [[0, 2, 3]]


def test_a_problem_inside_of_a_branch_is_told_once() -> None:
    """The node around it, and what reads its result, have no problem of their own."""
    inside = [helper.make_node("Unknown", ["x"], ["u"]), helper.make_node("Relu", ["u"], ["r"])]
    branches = {
        name: helper.make_graph(inside, name, [], [tensor("r", None)])
        for name in ("then_branch", "else_branch")
    }
    nodes = [helper.make_node("If", ["yes"], ["i"], **branches), helper.make_node("Neg", ["i"], ["y"])]
    _, problems = survey(model(nodes, {"x": [2]}, ["y"], {"yes": np.array(True)}))
    assert len(problems) == 1 and "Unknown" in problems[0]
