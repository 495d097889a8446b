"""Depthwise convolutions with several results a channel keep their meaning and become depthwise ones."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.interpret import run
from mgecc.ops.convolution import ConvBiasAttrs, ConvolutionAttrs
from mgecc.passes import expand_channel_multiplier, split_compound_nodes
from mgecc.passes.build import constant

FLOAT = DType("float32")


def convolution(groups: int, times: int, inputs: int = 1) -> Graph:
    """``times`` results for every group of ``inputs`` channels."""
    x = Value("x", TensorType((2, groups * inputs, 6, 5), FLOAT))
    w = constant("w", np.random.default_rng(3).normal(size=(groups * times, inputs, 3, 3)), FLOAT)
    attrs = ConvolutionAttrs(padding=((1, 1), (1, 1)), groups=groups)
    node = Node("Convolution", "conv", attrs, [x, w], origin="test")
    node.outputs = [Value("y", t, node) for t in ops.infer(node)]
    graph = Graph("net", [x])
    graph.nodes, graph.outputs = [node], [("y", node.output)]
    return graph


@pytest.mark.parametrize(("groups", "times"), [(4, 2), (3, 3), (8, 5)])
def test_channels_are_repeated_for_every_result(groups: int, times: int) -> None:
    graph = convolution(groups, times)
    x = np.random.default_rng(4).normal(size=(2, groups, 6, 5)).astype(np.float32)
    before = run(graph, {"x": x})[0]
    split_compound_nodes.run(graph)
    expand_channel_multiplier.run(graph)
    assert [n.op for n in graph.nodes] == ["Reshape", "Broadcast", "Reshape", "ConvBias"]
    assert graph.nodes[-1].attributes(ConvBiasAttrs).groups == groups * times
    np.testing.assert_allclose(run(graph, {"x": x})[0], before, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("groups", "times", "inputs"), [(4, 1, 1), (2, 3, 2), (1, 4, 1)])
def test_other_groups_stay(groups: int, times: int, inputs: int) -> None:
    graph = convolution(groups, times, inputs)
    split_compound_nodes.run(graph)
    expand_channel_multiplier.run(graph)
    assert [n.op for n in graph.nodes] == ["ConvBias"]
