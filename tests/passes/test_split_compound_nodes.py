"""Records that do two things, or the general where a special case is meant, become plain steps."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.interpret import run
from mgecc.ops.elemwise import ElemwiseAttrs, PowCAttrs
from mgecc.passes import split_compound_nodes
from mgecc.passes.build import constant

FLOAT = DType("float32")


def power(exponent: Value, shape: tuple[int, ...]) -> Graph:
    x = Value("x", TensorType(shape, FLOAT))
    node = Node("Elemwise", "power", ElemwiseAttrs("pow"), [x, exponent], origin="test")
    node.outputs = [Value("y", t, node) for t in ops.infer(node)]
    graph = Graph("net", [x])
    graph.nodes, graph.outputs = [node], [("y", node.output)]
    return graph


@pytest.mark.parametrize("exponent", [2.0, 0.5, -1.0, 1.7])
def test_a_power_with_a_constant_exponent_is_named_so(exponent: float) -> None:
    graph = power(constant("e", np.array([exponent]), FLOAT), (2, 3))
    x = np.random.default_rng(2).uniform(0.1, 3, (2, 3)).astype(np.float32)
    before = run(graph, {"x": x})[0]
    split_compound_nodes.run(graph)
    assert [(n.op, n.attributes(PowCAttrs).exponent) for n in graph.nodes] == [("PowC", np.float32(exponent))]
    np.testing.assert_allclose(run(graph, {"x": x})[0], before, rtol=1e-6)


def test_exponents_that_differ_or_widen_the_result_stay() -> None:
    for exponents, shape in ((np.array([2.0, 3.0, 4.0]), (2, 3)), (np.full((4, 1), 2.0)[:1], (3,))):
        graph = power(constant("e", exponents, FLOAT), shape)
        split_compound_nodes.run(graph)
        assert [n.op for n in graph.nodes] == ["Elemwise"]
