"""Elements chosen by masks, boxes by their overlap, and branches by a condition of the run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mgecc.graph import Diagnostics, Graph
from mgecc.passes.carry_valid_counts import carry
from networks import model, results, survey, tensor
from onnx import ModelProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator

RNG = np.random.default_rng(5)


def with_type(data: bytes, **types: int) -> bytes:
    """The file with these element types of inputs."""
    proto = ModelProto.FromString(data)
    for value in proto.graph.input:
        value.type.tensor_type.elem_type = types.get(value.name, TensorProto.FLOAT)
    return bytes(proto.SerializeToString())


@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("computed", [True, False])
def test_parts_by_a_mask_that_may_be_shorter(axis: int | None, computed: bool) -> None:
    x, mask = RNG.standard_normal((3, 4)).astype(np.float32), np.array([False, True, True])
    node = helper.make_node("Compress", ["x", "m"], ["y"], **({} if axis is None else {"axis": axis}))
    fed = {"m": mask} if computed else {}
    data = model([node], {"x": [3, 4], **{n: [3] for n in fed}}, ["y"], {} if fed else {"m": mask})
    (got,) = results(with_type(data, m=TensorProto.BOOL), x=x, **fed)
    assert (got == np.compress(mask, x, axis)).all()


def boxes_case(batch: int, classes: int, count: int, centred: int) -> tuple[np.ndarray, np.ndarray]:
    first = RNG.uniform(0, 4, (batch, count, 2))
    second = (
        RNG.uniform(1, 3, (batch, count, 2)) if centred else first + RNG.uniform(-2, 2, (batch, count, 2))
    )
    scores = RNG.permuted(np.linspace(0, 1, batch * classes * count)).reshape(batch, classes, count)
    return np.concatenate([first, second], 2).astype(np.float32), scores.astype(np.float32)


@pytest.mark.parametrize("centred", [0, 1])
@pytest.mark.parametrize("limits", [(4, 0.3, 0.4), (20, 0.5, None), (2, 0.0, 0.9), (0, 0.5, None)])
def test_boxes_are_suppressed_class_by_class(centred: int, limits: tuple[Any, ...]) -> None:
    boxes, scores = boxes_case(2, 3, 12, centred)
    types = (np.int64, np.float32, np.float32)
    numbers = {n: np.array([v], k) for n, v, k in zip("mit", limits, types) if v is not None}
    names = ["b", "s", "m", "i", "t" if "t" in numbers else ""]
    node = helper.make_node("NonMaxSuppression", names, ["y"], center_point_box=centred)
    data = model([node], {"b": boxes.shape, "s": scores.shape}, ["y"], numbers)
    (want,) = ReferenceEvaluator(data).run(None, {"b": boxes, "s": scores})
    (got,) = results(data, b=boxes, s=scores)
    assert got.tolist() == np.asarray(want).reshape(-1, 3).tolist()


def branches(first: Any, second: Any) -> bytes:
    graphs = {
        f"{name}_branch": helper.make_graph(nodes, name, [], [tensor("z", None)])
        for name, nodes in (("then", first), ("else", second))
    }
    node = helper.make_node("If", ["c"], ["y"], **graphs)
    return with_type(model([node], {"x": [2, 3], "c": []}, ["y"]), c=TensorProto.BOOL)


def test_of_small_branches_the_condition_chooses_when_the_model_runs() -> None:
    data = branches([helper.make_node("Neg", ["x"], ["z"])], [helper.make_node("Relu", ["x"], ["z"])])
    x = RNG.standard_normal((2, 3)).astype(np.float32)
    for holds, want in ((True, -x), (False, np.maximum(x, 0))):
        assert (results(data, x=x, c=np.array([holds]))[0] == want).all()


def test_branches_of_different_shapes_or_many_nodes_are_refused_with_what_decides() -> None:
    neg = helper.make_node("Neg", ["x"], ["z"])
    many = [helper.make_node("Neg", [f"a{k}" if k else "x"], [f"a{k + 1}"]) for k in range(64)]
    many.append(helper.make_node("Neg", ["a64"], ["z"]))
    for other in ([helper.make_node("Transpose", ["x"], ["z"])], many):
        _, problems = survey(branches([neg], other))
        assert "bind: {c: NUMBER} in model.yaml" in problems[-1]


def test_positions_of_a_size_that_the_run_decides_are_gathered_by_index_arrays() -> None:
    nodes = [
        helper.make_node("NonZero", ["x"], ["p"]),
        helper.make_node("Gather", ["p", "row"], ["at"], axis=0),
        helper.make_node("Gather", ["w", "at"], ["y"], axis=0),
    ]
    x, w = np.array([0, 2, 0, 3], np.float32), RNG.standard_normal((4, 2)).astype(np.float32)
    data = model(nodes, {"x": [4], "w": [4, 2]}, ["y"], {"row": np.array(0)})
    graph, problems = survey(data)
    assert problems == [] and (results(data, x=x, w=w)[0] == w[[1, 3]]).all()
    assert compiles(graph)


def compiles(graph: Graph) -> bool:
    """Whether kernels are told how many elements are valid, after the passes that see to it."""
    problems = Diagnostics("net")
    carry(graph, problems)
    return problems.problems == []
