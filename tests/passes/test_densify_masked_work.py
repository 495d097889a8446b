"""What is done to elements chosen by a mask keeps its meaning and gets fixed sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mgecc.graph import Diagnostics, DType, Graph, Node, TensorType, Value
from mgecc.graph.types import FLOAT32
from mgecc.interpret import run
from mgecc.ops import attributes_of, infer
from mgecc.passes import carry_valid_counts, densify_masked_work
from mgecc.passes.build import constant

ROWS, COLUMNS = ((0, False, False, False, True),), ((1, False, False, False, True),)


def node(op: str, inputs: list[Value], varies: bool = True, **attrs: Any) -> Node:
    made = Node(op, op.lower(), attributes_of(op, {"output_dtype": None, **attrs}), inputs, origin="here")
    made.outputs = [Value(f"{made.name}{k}", t, made) for k, t in enumerate(infer(made))]
    if varies:
        made.varies = True
    return made


class Masked:
    """x (6, 4) and y by a mask of rows or columns."""

    def __init__(self, items: Any = ROWS) -> None:
        self.x, self.y = (Value(name, TensorType((6, 4), FLOAT32)) for name in "xy")
        self.mask = Value("mask", TensorType(((6, 4)[items[0][0]],), DType("bool")))
        self.take = node("CondTake", [self.mask, self.mask], condition="eq", value=1.0)
        self.rows = node("IndexingMultiAxisVec", [self.y, self.take.outputs[1]], items=items)

    def graph(self, *nodes: Node) -> Graph:
        made = Graph("net", [self.x, self.y, self.mask], [self.take, self.rows, *nodes])
        made.outputs = [("out", nodes[-1].output)]
        return made


def same_before_and_after(graph: Graph) -> None:
    rng = np.random.default_rng(1)
    given = {name: rng.normal(size=(6, 4)).astype(np.float32) for name in "xy"}
    (count,) = graph.inputs[2].shape
    given["mask"] = np.array([1, 0, 0, 1, 1, 0], bool)[:count]
    (before,) = run(graph, given)
    densify_masked_work.run(graph)
    assert "CondTake" not in {n.op for n in graph.nodes}
    np.testing.assert_allclose(run(graph, given)[0], before, rtol=1e-6)


@pytest.mark.parametrize("items", [ROWS, COLUMNS])
def test_a_function_of_chosen_parts_is_stored_where_they_came_from(items: Any) -> None:
    net = Masked(items)
    half = node("Elemwise", [net.rows.output, constant("half", np.array([0.5]), FLOAT32)], mode="mul")
    store = node(
        "IndexingSetMultiAxisVec", [net.x, half.output, net.take.outputs[1]], varies=False, items=items
    )
    same_before_and_after(net.graph(half, store))


@pytest.mark.parametrize("shape", [(4,), (1, 4), (1, 1)])
def test_a_row_is_added_to_chosen_rows(shape: tuple[int, ...]) -> None:
    net = Masked()
    row = constant("row", np.arange(np.prod(shape)).reshape(shape), FLOAT32)
    total = node("Elemwise", [net.rows.output, row], mode="add")
    store = node("IndexingSetMultiAxisVec", [net.x, total.output, net.take.outputs[1]], False, items=ROWS)
    same_before_and_after(net.graph(total, store))


def test_a_column_as_long_as_the_mask_is_not_added_to_chosen_rows() -> None:
    net = Masked()
    column = constant("column", np.ones((6, 1)), FLOAT32)
    total = node("Elemwise", [net.rows.output, column], mode="add")
    store = node("IndexingSetMultiAxisVec", [net.x, total.output, net.take.outputs[1]], False, items=ROWS)
    graph = net.graph(total, store)
    densify_masked_work.run(graph)
    assert "CondTake" in {n.op for n in graph.nodes}


@pytest.mark.parametrize("axis", [0, 1])
def test_a_constant_is_stored_in_chosen_parts(axis: int) -> None:
    net = Masked((ROWS, COLUMNS)[axis])
    shape = node("GetVarShape", [net.rows.output])
    stretched = node("Broadcast", [constant("seven", np.array([7.0]), FLOAT32), shape.output])
    store = node(
        "IndexingSetMultiAxisVec",
        [net.x, stretched.output, net.take.outputs[1]],
        varies=False,
        items=(ROWS, COLUMNS)[axis],
    )
    same_before_and_after(net.graph(shape, stretched, store))


@pytest.mark.parametrize("items", [ROWS, COLUMNS])
@pytest.mark.parametrize("mode", ["sum", "sum_squares", "mean"])
def test_sums_and_means_of_chosen_parts(mode: str, items: Any) -> None:
    net = Masked(items)
    same_before_and_after(net.graph(node("Reduce", [net.rows.output], mode=mode, axis=items[0][0])))


def test_sums_across_chosen_columns_are_left() -> None:
    net = Masked(COLUMNS)
    graph = net.graph(node("Reduce", [net.rows.output], mode="sum", axis=0))
    densify_masked_work.run(graph)
    assert "CondTake" in {n.op for n in graph.nodes}


def test_rows_stored_in_another_order_are_left_and_refused() -> None:
    net = Masked()
    other = Value("other", TensorType((6,), DType("bool")))
    take = node("CondTake", [other, other], condition="eq", value=1.0)
    store = node(
        "IndexingSetMultiAxisVec", [net.x, net.rows.output, take.outputs[1]], varies=False, items=ROWS
    )
    graph = net.graph(take, store)
    densify_masked_work.run(graph)
    problems = Diagnostics("net")
    carry_valid_counts.carry(graph, problems)
    assert [str(problem).split()[1] for problem in problems.problems] == ["(IndexingSetMultiAxisVec"]
