"""What is computed beforehand is limited by its work, whichever operator asks for it."""

from __future__ import annotations

import numpy as np
import pytest
from handmade_nodes import run
from mgecc.graph import Graph, Node
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import FLOAT32
from mgecc.ops.budget import Budget, TooMuchWork, limited
from mgecc.ops.contraction import convolve
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.window import WindowAttrs
from mgecc.passes import simplify_graph
from mgecc.passes.build import constant, node_like

X = np.ones((1, 2, 8, 8), np.float32)
SQUARE = np.eye(8, dtype=np.float32)
POOL = {"mode": "average", "window": (5, 5)}
CASES = {
    "MatrixMul": ({}, (SQUARE, SQUARE), 8**3),
    "Convolution": ({}, (X, np.ones((3, 2, 5, 5), np.float32)), 3 * 2 * 25 * 16),
    "Pooling": (POOL, (X,), 2 * 25 * 16),
    "MatrixInverse": ({}, (SQUARE,), 8**3),
    "SVD": ({"full_matrices": False, "compute_uv": True}, (SQUARE,), 8**3),
    "Elemwise": ({"mode": "exp"}, (X,), X.size),
}


@pytest.mark.parametrize("op", sorted(CASES))
def test_operators_take_their_work_from_the_budget_before_they_begin(op):
    attrs, inputs, least = CASES[op]
    budget = Budget()
    with limited(budget):
        run(op, attrs, *inputs)
    taken = Budget().left - budget.left
    assert taken >= least
    with limited(Budget(taken)):
        run(op, attrs, *inputs)
    with limited(Budget(taken - 1)), pytest.raises(TooMuchWork, match="beforehand"):
        run(op, attrs, *inputs)


def test_unrolled_windows_are_bounded_before_they_are_copied():
    plane = np.broadcast_to(np.float32(1), (1, 64, 512, 512))
    with limited(Budget()), pytest.raises(TooMuchWork, match="numbers at once"):
        convolve(plane, np.ones((1, 1, 64, 9, 9), np.float32), WindowAttrs().over((9, 9)))


@pytest.mark.parametrize("left", [100, Budget().left])
def test_passes_leave_to_the_target_what_would_take_too_long(left, monkeypatch):
    monkeypatch.setattr(simplify_graph, "Budget", lambda: Budget(left))
    given = [constant("c", SQUARE, FLOAT32)] * 2
    product = node_like(Node("x", "square", NoAttrs(), []), "MatrixMul", MatrixMulAttrs(), given)
    graph = Graph("g", nodes=[product], outputs=[("y", product.output)])
    simplify_graph.fold_constants(graph)
    assert graph.nodes == ([product] if left == 100 else [])
    assert product.output.is_const == (left != 100)
