"""First layers over raw signals keep their meaning when samples become channels."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.interpret import run
from mgecc.ops.convolution import ConvolutionAttrs
from mgecc.passes import apply_space_to_depth, split_compound_nodes
from mgecc.passes.build import constant, node_like

FLOAT = DType("float32")


def layer(length: int, taps: int, stride: int, pads: tuple[int, int], axis: int, channels: int = 1) -> Graph:
    """A convolution of signals (2, channels, length) along ``axis`` of pictures."""
    sizes, window = [1, 1], [1, 1]
    sizes[axis], window[axis] = length, taps
    x = Value("x", TensorType((2, channels, *sizes), FLOAT))
    w = constant("w", np.random.default_rng(3).normal(size=(6, channels, *window)), FLOAT)
    attrs = ConvolutionAttrs((stride, stride), ((0, 0), pads) if axis else (pads, (0, 0)))
    node = Node("Convolution", "conv", attrs, [x, w], origin="test")
    node.outputs = [Value("y", t, node) for t in ops.infer(node)]
    graph = Graph("net", [x])
    graph.nodes, graph.outputs = [node], [("y", node.output)]
    split_compound_nodes.run(graph)
    return graph


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    ("length", "taps", "stride", "pads"),
    [
        (200, 32, 8, (0, 0)),
        (640, 80, 4, (38, 38)),
        (800, 400, 160, (200, 200)),
        (96, 17, 12, (5, 0)),
        (64, 63, 4, (0, 9)),
    ],
)
def test_samples_become_channels(
    length: int, taps: int, stride: int, pads: tuple[int, int], axis: int
) -> None:
    graph = layer(length, taps, stride, pads, axis)
    x = np.random.default_rng(4).normal(size=graph.inputs[0].shape).astype(np.float32)
    before = run(graph, {"x": x})[0]
    apply_space_to_depth.run(graph)
    assert [n.op for n in graph.nodes] == ["Reshape", "Dimshuffle", "Reshape", "ConvBias"]
    assert graph.nodes[-1].inputs[1].shape[1] >= 4
    np.testing.assert_allclose(run(graph, {"x": x})[0], before, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("length", "taps", "stride", "channels"),
    [(200, 32, 2, 1), (201, 32, 8, 1), (200, 32, 8, 2), (200, 5, 4, 1)],
)
def test_others_stay(length: int, taps: int, stride: int, channels: int) -> None:
    graph = layer(length, taps, stride, (0, 0), 1, channels)
    apply_space_to_depth.run(graph)
    assert [n.op for n in graph.nodes] == ["ConvBias"]


def test_groups_of_one_channel_stay() -> None:
    x = Value("x", TensorType((2, 6, 1, 200), FLOAT))
    w = constant("w", np.ones((6, 1, 1, 32)), FLOAT)
    node = node_like(
        Node("", "conv", NoAttrs(), []), "Convolution", ConvolutionAttrs((8, 8), groups=6), [x, w]
    )
    graph = Graph("net", [x], [node], [("y", node.output)])
    split_compound_nodes.run(graph)
    apply_space_to_depth.run(graph)
    assert [n.op for n in graph.nodes] == ["ConvBias"]
