"""Poolings keep their meaning when they become ones with short code."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.interpret import run
from mgecc.ops.pooling import PoolingAttrs
from mgecc.passes import decompose_pools

Pair = tuple[int, int]


def pooling(attrs: PoolingAttrs, dtype: str = "float32") -> Graph:
    x = Value("x", TensorType((2, 3, 11, 13), DType(dtype)))
    node = Node("Pooling", "pool", attrs, [x], origin="test")
    node.outputs = [Value("y", t, node) for t in ops.infer(node)]
    graph = Graph("net", [x])
    graph.nodes, graph.outputs = [node], [("y", node.output)]
    return graph


def made_of(graph: Graph) -> list[str]:
    """Operators after the pass, which must not change results."""
    dtype = graph.inputs[0].type.dtype.numpy
    x = np.random.default_rng(4).normal(size=(2, 3, 11, 13)).astype(dtype)
    before = run(graph, {"x": x})[0]
    decompose_pools.run(graph)
    np.testing.assert_allclose(run(graph, {"x": x})[0], before, rtol=1e-5, atol=1e-6)
    return [node.op for node in graph.nodes]


def padded(window: Pair, stride: int, pad: Pair, mode: Literal["max", "average"] = "max") -> PoolingAttrs:
    """Means are of the cells inside."""
    (top, left), count = pad, mode == "max"
    return PoolingAttrs(window, (stride, stride), ((top, top), (left, left)), mode, count)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(
    ("window", "pad"), [((5, 5), (2, 2)), ((9, 3), (0, 1)), ((4, 7), (3, 0)), ((11, 13), (5, 6))]
)
def test_large_windows_of_a_maximum_go_along_one_axis_after_the_other(
    window: Pair, pad: Pair, stride: int
) -> None:
    assert made_of(pooling(padded(window, stride, pad))) == ["Pooling", "Pooling"]


def test_ends_of_an_axis_stay_apart() -> None:
    attrs = PoolingAttrs((5, 4), (2, 1), ((1, 2), (3, 0)))
    assert made_of(pooling(attrs)) == ["Pooling", "Pooling"]


@pytest.mark.parametrize(("window", "pad"), [((3, 3), (1, 1)), ((5, 2), (2, 1)), ((6, 6), (3, 3))])
def test_means_of_the_cells_inside_are_scaled_means_of_the_window(window: Pair, pad: Pair) -> None:
    assert made_of(pooling(padded(window, 2, pad, "average"))) == ["Pooling", "Elemwise"]


def test_without_padding_all_cells_are_inside() -> None:
    graph = pooling(padded((3, 2), 2, (0, 0), "average"))
    assert made_of(graph) == ["Pooling"] and graph.nodes[0].attributes(PoolingAttrs).count_padding


@pytest.mark.parametrize(
    ("attrs", "dtype"),
    [
        (padded((3, 3), 1, (1, 1)), "float32"),
        (padded((4, 4), 4, (1, 1)), "float32"),
        (padded((3, 3), 1, (1, 1), "average"), "float16"),
    ],
)
def test_others_stay(attrs: PoolingAttrs, dtype: str) -> None:
    graph = pooling(attrs, dtype)
    decompose_pools.run(graph)
    assert [node.attrs for node in graph.nodes] == [attrs]
