"""Lists of tensors and optionals are folded away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import model, results, survey
from onnx import helper

X = np.arange(10, dtype=np.float32).reshape(2, 5)


def run(nodes: list[Any], **constants: np.ndarray) -> np.ndarray:
    graph, problems = survey(data := model(nodes, {"x": X.shape}, ["y"], constants))
    assert problems == [] and all("Sequence" not in node.op for node in graph.nodes)
    return results(data, x=X)[0]


def node(op: str, inputs: str, output: str, **attrs: Any) -> Any:
    return helper.make_node(op, inputs.split(), [output], **attrs)


@pytest.mark.parametrize(
    ("sizes", "want"), [(2, [2, 2, 1]), ([3, 2], [3, 2]), (None, [1] * 5)], ids=["equal", "stated", "single"]
)
def test_parts_are_lists_that_are_joined_again(sizes: Any, want: list[int]) -> None:
    constants = {} if sizes is None else {"sizes": np.array(sizes)}
    split = node("SplitToSequence", "x sizes" if constants else "x", "l", axis=1)
    length = node("SequenceLength", "l", "y")
    assert run([split, length], **constants) == len(want)
    last = [split, node("SequenceAt", "l at", "y")]
    assert run(last, at=np.array(-1), **constants).shape == (2, want[-1])
    assert (run([split, node("ConcatFromSequence", "l", "y", axis=1)], **constants) == X).all()


def test_a_list_is_changed_in_places_counted_from_both_ends() -> None:
    nodes = [
        node("Neg", "x", "n"),
        node("SequenceConstruct", "x n", "a"),
        node("Relu", "n", "r"),
        node("SequenceInsert", "a r at", "b"),
        node("Identity", "b", "c"),
        node("SequenceErase", "c first", "d"),
        node("ConcatFromSequence", "d", "y", axis=0, new_axis=1),
    ]
    got = run(nodes, at=np.array(-1), first=np.array(0))
    assert (got == np.stack([np.maximum(-X, 0), -X])).all()


def test_what_is_not_in_a_list_is_told_with_the_node() -> None:
    nodes = [node("SequenceConstruct", "x", "a"), node("SequenceAt", "a at", "y")]
    _, (problem,) = survey(model(nodes, {"x": [2]}, ["y"], {"at": np.array(1)}))
    assert "a sequence of 1 tensors has no element 1" in problem
    _, (problem,) = survey(model([nodes[0], node("Relu", "a", "y")], {"x": [2]}, ["y"]))
    assert "an operand is a list of tensors" in problem


def test_an_optional_has_its_element_or_none() -> None:
    nodes = [
        node("Optional", "x", "o"),
        node("OptionalHasElement", "o", "has"),
        node("OptionalGetElement", "o", "e"),
        node("Cast", "has", "f", to=1),
        node("Mul", "e f", "y"),
    ]
    assert (run(nodes) == X).all()
