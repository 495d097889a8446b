"""Products of one-hot rows with constant weights become reads of their rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from mgecc.frontends.build import GraphBuilder
from mgecc.frontends.tensors import Tensor, TensorBuilder
from mgecc.graph import Graph
from mgecc.graph.types import FLOAT32, INT32
from mgecc.interpret import run
from mgecc.passes import gather_one_hot_products

N = 7
X = np.array([[0, 3, 6], [-1, 7, 2]], np.int32)


def graph_of(make: Callable[[TensorBuilder, Tensor], Tensor]) -> Graph:
    build = GraphBuilder("net")
    t = TensorBuilder(build)
    given = build.input("x", X.shape, INT32)
    build.output("y", make(t, Tensor(given, X.shape, INT32)).value)
    return build.finish()


def weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def one_hot(t: TensorBuilder, x: Tensor, columns: np.ndarray) -> Tensor:
    return t.cast(t.compare("eq", t.unsqueeze(x, [2]), t.constant(columns, INT32)), FLOAT32)


def made_of(graph: Graph) -> list[str]:
    """Operators after the pass, which must not change results."""
    before = run(graph, {"x": X})[0]
    gather_one_hot_products.run(graph)
    np.testing.assert_allclose(run(graph, {"x": X})[0], before, rtol=1e-6)
    return [node.op for node in graph.nodes]


@pytest.mark.parametrize("transposed", [False, True])
def test_rows_are_read_and_integers_outside_give_zeros(transposed: bool) -> None:
    w = weights(*((5, N) if transposed else (N, 5)))

    def product(t: TensorBuilder, x: Tensor) -> Tensor:
        return t.matmul(one_hot(t, x, np.arange(N)), t.constant(w), transpose_b=transposed)

    found = made_of(graph_of(product))
    assert "MeshIndexing" in found and not {"MatrixMul", "TypeCvt"} & set(found)


@pytest.mark.parametrize("columns", [np.arange(N) + 1, np.arange(N)[::-1].copy()])
def test_columns_that_are_not_counted_from_zero_stay(columns: np.ndarray) -> None:
    graph = graph_of(lambda t, x: t.matmul(one_hot(t, x, columns), t.constant(weights(N, 5))))
    assert "MatrixMul" in made_of(graph)


def test_weights_that_are_not_finite_stay() -> None:
    w = weights(N, 5)
    w[3, 2] = np.inf
    graph = graph_of(lambda t, x: t.matmul(one_hot(t, x, np.arange(N)), t.constant(w)))
    gather_one_hot_products.run(graph)
    assert "MatrixMul" in [node.op for node in graph.nodes]


def test_masks_that_are_not_of_one_index_a_row_stay() -> None:
    def product(t: TensorBuilder, x: Tensor) -> Tensor:
        rows = t.cast(t.compare("lt", t.unsqueeze(x, [2]), t.constant(np.arange(N), INT32)), FLOAT32)
        return t.matmul(rows, t.constant(weights(N, 5)))

    assert "MatrixMul" in made_of(graph_of(product))
