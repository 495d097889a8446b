"""ONNX files of a few nodes for tests, written by the package's own helpers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from mgecc import frontends, interpret
from mgecc.graph import Graph
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

FLOAT = TensorProto.FLOAT
Shape = Sequence[int | str] | None


def tensor(name: str, shape: Shape, dtype: int = FLOAT) -> Any:
    """What a model says of an input or output."""
    return helper.make_tensor_value_info(name, dtype, shape)


def model(
    nodes: Sequence[Any],
    inputs: Mapping[str, Shape],
    outputs: Sequence[str],
    constants: Mapping[str, np.ndarray] | None = None,
    opset: int = 24,
) -> bytes:
    """The bytes of a file; inputs are float32."""
    graph = helper.make_graph(
        nodes,
        "net",
        [tensor(name, shape) for name, shape in inputs.items()],
        [tensor(name, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    return bytes(made.SerializeToString())


def survey(data: bytes, **shapes: tuple[int, ...]) -> tuple[Graph, list[str]]:
    """The graph and its problems."""
    graph, problems = frontends.survey(data, "net.onnx", shapes)
    return graph, [str(problem) for problem in problems.problems]


def results(data: bytes, **inputs: np.ndarray) -> list[np.ndarray]:
    """What the graph computes by its NumPy meanings."""
    graph, problems = survey(data)
    assert problems == []
    return interpret.run(graph, inputs)


def agrees(data: bytes, rtol: float = 1e-5, atol: float = 1e-6, **inputs: np.ndarray) -> None:
    """Assert that the graph computes what the standard's reference evaluator does."""
    made = onnx.load_from_string(data)
    expected = ReferenceEvaluator(made).run(None, inputs)
    found = results(data, **inputs)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected):
        np.testing.assert_allclose(ours.reshape(np.shape(theirs)), theirs, rtol, atol)
