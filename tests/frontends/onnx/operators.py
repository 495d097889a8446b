"""One ONNX operator against the standard's reference evaluator."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import onnx
from mgecc import frontends, interpret
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

Operand = np.ndarray | None


def file_of(
    op: str,
    *operands: Operand,
    known: Collection[int] = (),
    results: int = 1,
    opset: int = 24,
    domain: str = "",
    **attrs: Any,
) -> bytes:
    """A model of one node; operands are inputs, constants at the positions ``known``."""
    names = [f"x{k}" if x is not None else "" for k, x in enumerate(operands)]
    node = helper.make_node(op, names, [f"y{k}" for k in range(results)], domain=domain, **attrs)
    given = [(name, x) for name, x in zip(names, operands) if x is not None]
    graph = helper.make_graph(
        [node],
        "net",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
            for name, x in given
            if int(name[1:]) not in known
        ],
        [helper.make_tensor_value_info(name, 0, None) for name in node.output],
        [numpy_helper.from_array(x, name) for name, x in given if int(name[1:]) in known],
    )
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 5)] if domain else [])
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString())


def problems_of(op: str, *operands: Operand, **said: Any) -> list[str]:
    """Why the node is refused."""
    _, problems = frontends.survey(file_of(op, *operands, **said), "net.onnx")
    return [str(problem) for problem in problems.problems]


def computed(op: str, *operands: Operand, **said: Any) -> list[np.ndarray]:
    """The results by the meanings of the graph."""
    graph, problems = frontends.survey(file_of(op, *operands, **said), "net.onnx")
    assert [str(problem) for problem in problems.problems] == []
    inputs = {v.name: operands[int(v.name[1:])] for v in graph.inputs}
    return interpret.run(
        graph, {v.name: inputs[v.name].astype(v.type.dtype.numpy).reshape(v.shape) for v in graph.inputs}
    )


def check(op: str, *operands: Operand, rtol: float = 1e-5, atol: float = 1e-6, **said: Any) -> None:
    """Assert that the graph computes what the standard's reference evaluator does."""
    found = computed(op, *operands, **said)
    evaluator = ReferenceEvaluator(onnx.load_from_string(file_of(op, *operands, **said)))
    with np.errstate(all="ignore"):
        expected = evaluator.run(None, {name: operands[int(name[1:])] for name in evaluator.input_names})
    assert len(found) == len(expected)
    for y, e in zip(found, expected):
        assert y.shape == (np.shape(e) or (1,))
        np.testing.assert_allclose(y.astype(np.float64), e.reshape(y.shape), rtol, atol)
