"""Convolutions by computed weights keep their meaning in the form that kernels read such weights in."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.interpret import run
from mgecc.ops import infer
from mgecc.ops.convolution import ConvolutionAttrs
from mgecc.ops.convolution3d import Convolution3DAttrs as Volume
from mgecc.passes import lower_computed_weights

FLOAT = DType("float32")
CASES: list[tuple[str, tuple[int, ...], tuple[int, ...], ConvolutionAttrs]] = [
    (
        "Convolution3D",
        (2, 3, 5, 4, 6),
        (4, 3, 2, 3, 2),
        Volume((2, 1, 1), ((0, 0), (1, 1), (0, 0)), (1, 1, 2)),
    ),
    ("Convolution3D", (1, 4, 4, 4, 3), (6, 2, 2, 1, 3), Volume(groups=2)),
    ("Convolution3D", (1, 2, 3, 3, 3), (2, 2, 1, 1, 1), Volume(padding=((1, 1), (0, 0), (0, 0)))),
    ("ConvolutionBackwardData", (2, 3, 5, 4), (3, 4, 3, 2), ConvolutionAttrs((2, 3), ((1, 1), (0, 0)))),
    ("ConvolutionBackwardData", (1, 3, 5, 4), (3, 2, 2, 2), ConvolutionAttrs((3, 1), ((2, 2), (2, 2)))),
    ("ConvolutionBackwardData", (1, 4, 3, 3), (4, 1, 3, 3), ConvolutionAttrs(dilation=(2, 1), groups=2)),
    ("ConvolutionBackwardData", (1, 4, 3, 3), (4, 3, 3, 2), ConvolutionAttrs((1, 2), groups=2)),
    ("Convolution3DBackwardData", (1, 3, 2, 3, 2), (3, 2, 3, 2, 3), Volume((2, 1, 2))),
]


def graph_of(op: str, data: tuple[int, ...], weights: tuple[int, ...], attrs: ConvolutionAttrs) -> Graph:
    x, w = Value("x", TensorType(data, FLOAT)), Value("w", TensorType(weights, FLOAT))
    node = Node(op, "conv", attrs, [w, x] if "Backward" in op else [x, w], origin="test")
    node.outputs = [Value("y", t, node) for t in infer(node)]
    return Graph("net", [x, w], [node], [("y", node.output)])


@pytest.mark.parametrize(("op", "data", "weights", "attrs"), CASES)
def test_the_meaning_stays(
    op: str, data: tuple[int, ...], weights: tuple[int, ...], attrs: ConvolutionAttrs
) -> None:
    graph = graph_of(op, data, weights, attrs)
    rng = np.random.default_rng(2)
    given = {v.name: rng.normal(size=v.shape).astype(np.float32) for v in graph.inputs}
    (before,) = run(graph, given)
    lower_computed_weights.run(graph)
    assert {n.op for n in graph.nodes if "Convolution" in n.op} == {"Convolution"}
    np.testing.assert_allclose(run(graph, given)[0], before, rtol=1e-4, atol=1e-5)
