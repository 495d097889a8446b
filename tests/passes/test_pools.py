"""Poolings keep their meaning when they become ones with short code."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.interpret import run
from mgecc.passes import pools


def pooling(
    mode: str, window: tuple[int, int], stride: int, pad: tuple[int, int], dtype: str = "float32"
) -> Graph:
    x = Value("x", TensorType((2, 3, 11, 13), DType(dtype)))
    attrs = {
        "mode": mode, "format": "NCHW", "window_h": window[0], "window_w": window[1], "stride_h": stride,
        "stride_w": stride, "pad_h": pad[0], "pad_w": pad[1], "output_dtype": None,
    }  # fmt: skip
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
    pools.run(graph)
    np.testing.assert_allclose(run(graph, {"x": x})[0], before, rtol=1e-5, atol=1e-6)
    return [node.op for node in graph.nodes]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(
    ("window", "pad"), [((5, 5), (2, 2)), ((9, 3), (0, 1)), ((4, 7), (3, 0)), ((11, 13), (5, 6))]
)
def test_large_windows_of_a_maximum_go_along_one_axis_after_the_other(
    window: tuple[int, int], pad: tuple[int, int], stride: int
) -> None:
    assert made_of(pooling("MAX", window, stride, pad)) == ["Pooling", "Pooling"]


@pytest.mark.parametrize(("window", "pad"), [((3, 3), (1, 1)), ((5, 2), (2, 1)), ((6, 6), (3, 3))])
def test_means_of_the_cells_inside_are_scaled_means_of_the_window(
    window: tuple[int, int], pad: tuple[int, int]
) -> None:
    assert made_of(pooling("AVERAGE_COUNT_EXCLUDE_PADDING", window, 2, pad)) == ["Pooling", "Elemwise"]


def test_without_padding_all_cells_are_inside() -> None:
    graph = pooling("AVERAGE_COUNT_EXCLUDE_PADDING", (3, 2), 2, (0, 0))
    assert made_of(graph) == ["Pooling"] and graph.nodes[0].attrs["mode"] == "AVERAGE"


@pytest.mark.parametrize(
    ("mode", "window", "stride", "dtype"),
    [
        ("MAX", (3, 3), 1, "float32"),
        ("MAX", (4, 4), 4, "float32"),
        ("AVERAGE_COUNT_EXCLUDE_PADDING", (3, 3), 1, "float16"),
    ],
)
def test_others_stay(mode: str, window: tuple[int, int], stride: int, dtype: str) -> None:
    graph = pooling(mode, window, stride, (1, 1), dtype)
    pools.run(graph)
    assert [node.attrs["mode"] for node in graph.nodes] == [mode]
