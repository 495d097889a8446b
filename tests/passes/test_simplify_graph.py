"""What does nothing goes, what does something stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.interpret import run
from mgecc.passes import simplify_graph

FLOAT, BOOL = DType("float32"), DType("bool")


def made(op: str, inputs: list[Value], **attrs: Any) -> Node:
    node = Node(op, op.lower(), ops.attributes_of(op, attrs), inputs, origin="test")
    node.outputs = [Value(f"{op}.{attrs}", t, node) for t in ops.infer(node)]
    return node


def asked(mode: str) -> Graph:
    """x compared with y, or computed from them, then true where not zero, then numbers."""
    x, y = (Value(name, TensorType((3, 4), FLOAT)) for name in "xy")
    first = made("Elemwise", [x, y], mode=mode, output_dtype=None)
    truth = made("TypeCvt", [first.output], dtype=BOOL, output_dtype=None)
    numbers = made("TypeCvt", [truth.output], dtype=FLOAT, output_dtype=None)
    graph = Graph("net", [x, y])
    graph.nodes, graph.outputs = [first, truth, numbers], [("z", numbers.output)]
    return graph


@pytest.mark.parametrize(("mode", "nodes"), [("lt", 1), ("leq", 1), ("eq", 1), ("sub", 3)])
def test_numbers_of_comparisons_need_no_booleans(mode: str, nodes: int) -> None:
    x, y = np.random.default_rng(3).integers(0, 3, (2, 3, 4)).astype(np.float32)
    graph = asked(mode)
    before = run(graph, {"x": x, "y": y})[0]
    simplify_graph.run(graph)
    assert len(graph.nodes) == nodes
    np.testing.assert_array_equal(run(graph, {"x": x, "y": y})[0], before)
