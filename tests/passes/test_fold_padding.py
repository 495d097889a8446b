"""Padding with zeros in front of a convolution becomes the convolution's own, for floats and quantised bytes."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.interpret import run
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.padding import PaddingAttrs
from mgecc.passes import optimize
from mgecc.passes.build import constant, node_like

RNG = np.random.default_rng(5)
START = Node("start", "start", NoAttrs(), [])


def padded(dtype: DType, value: float = 0.0) -> Graph:
    """x (1, 4, 5, 6), padded by (1, 0) and (2, 1), a 3x3 convolution with padding of its own."""
    x = Value("x", TensorType((1, 4, 5, 6), dtype))
    pad = PaddingAttrs(((0, 0), (0, 0), (1, 0), (2, 1)), "constant", value)
    nodes = [node_like(START, "Padding", pad, [x], "pad")]
    weights = DType("qint8", 0.1) if dtype.is_quantized else dtype
    array = RNG.integers(-9, 9, (8, 4, 3, 3)).astype(weights.numpy)
    attrs = ConvBiasAttrs(
        padding=((0, 1), (1, 0)), output_dtype=DType("qint8", 0.7) if dtype.is_quantized else None
    )
    nodes.append(
        node_like(START, "ConvBias", attrs, [nodes[0].output, constant("w", array, weights)], "conv")
    )
    return Graph("g", [x], nodes, [("y", nodes[-1].output)])


@pytest.mark.parametrize("dtype", [DType("float32"), DType("qint8", 0.5), DType("quint8", 0.5, 131)])
def test_zeros_are_folded_and_the_results_stay(dtype: DType) -> None:
    graph = padded(dtype)
    x = {"x": RNG.integers(0, 100, (1, 4, 5, 6)).astype(dtype.numpy)}
    (want,) = run(graph, x)
    optimize(graph)
    assert [node.op for node in graph.nodes] == ["ConvBias"]
    assert graph.nodes[0].attributes(ConvBiasAttrs).padding == ((1, 1), (3, 1))
    np.testing.assert_array_equal(run(graph, x)[0], want)


def test_other_numbers_than_zero_stay() -> None:
    graph = padded(DType("qint8", 0.5), value=1.0)
    optimize(graph)
    assert "Padding" in [node.op for node in graph.nodes]
