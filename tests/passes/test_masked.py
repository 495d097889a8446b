"""What is done to elements chosen by a mask keeps its meaning and gets fixed sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mgecc.graph import Diagnostics, DType, Graph, Node, TensorType, Value
from mgecc.graph.types import FLOAT32
from mgecc.interpret import run
from mgecc.ops import infer
from mgecc.passes import extents, masked
from mgecc.passes.build import constant

ROWS = ((0, False, False, False, True),)


def node(op: str, inputs: list[Value], varies: bool = True, **attrs: Any) -> Node:
    made = Node(op, op.lower(), {"output_dtype": None, **attrs}, inputs, origin="here")
    made.outputs = [Value(f"{made.name}{k}", t, made) for k, t in enumerate(infer(made))]
    if varies:
        made.attrs["varies"] = True
    return made


class Masked:
    """x (6, 4) and y by a mask of rows."""

    def __init__(self) -> None:
        self.x, self.y = (Value(name, TensorType((6, 4), FLOAT32)) for name in "xy")
        self.mask = Value("mask", TensorType((6,), DType("bool")))
        self.take = node("CondTake", [self.mask, self.mask], mode="EQ", val=1.0, eps=1e-6)
        self.rows = node("IndexingMultiAxisVec", [self.y, self.take.outputs[1]], items=ROWS)

    def graph(self, *nodes: Node) -> Graph:
        made = Graph("net", [self.x, self.y, self.mask], [self.take, self.rows, *nodes])
        made.outputs = [("out", nodes[-1].output)]
        return made


def same_before_and_after(graph: Graph) -> None:
    rng = np.random.default_rng(1)
    given = {name: rng.normal(size=(6, 4)).astype(np.float32) for name in "xy"}
    given["mask"] = np.array([1, 0, 0, 1, 1, 0], bool)
    (before,) = run(graph, given)
    masked.run(graph)
    assert "CondTake" not in {n.op for n in graph.nodes}
    np.testing.assert_allclose(run(graph, given)[0], before, rtol=1e-6)


def test_a_function_of_chosen_rows_is_stored_where_they_came_from() -> None:
    net = Masked()
    half = node("Elemwise", [net.rows.output, constant("half", np.array([0.5]), FLOAT32)], mode="MUL")
    store = node(
        "IndexingSetMultiAxisVec", [net.x, half.output, net.take.outputs[1]], varies=False, items=ROWS
    )
    same_before_and_after(net.graph(half, store))


@pytest.mark.parametrize("mode", ["SUM", "SUM_SQR", "MEAN"])
def test_sums_and_means_of_chosen_rows(mode: str) -> None:
    net = Masked()
    same_before_and_after(net.graph(node("Reduce", [net.rows.output], mode=mode, axis=0)))


def test_rows_stored_in_another_order_are_left_and_refused() -> None:
    net = Masked()
    other = Value("other", TensorType((6,), DType("bool")))
    take = node("CondTake", [other, other], mode="EQ", val=1.0, eps=1e-6)
    store = node(
        "IndexingSetMultiAxisVec", [net.x, net.rows.output, take.outputs[1]], varies=False, items=ROWS
    )
    graph = net.graph(take, store)
    masked.run(graph)
    problems = Diagnostics("net")
    extents.carry(graph, problems)
    assert [str(problem).split()[1] for problem in problems.problems] == ["(IndexingSetMultiAxisVec"]
