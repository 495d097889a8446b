"""Convolutions by computed weights keep their meaning in the form that kernels read such weights in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.interpret import run
from mgecc.ops import infer
from mgecc.passes import computed_weights

FLOAT = DType("float32")
CASES: list[tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ("Convolution", (1, 3, 6, 5), (4, 3, 2, 3), {"mode": "CONVOLUTION", "stride_h": 2}),
    ("Convolution", (1, 4, 6, 5), (2, 3, 2, 3, 3), {"mode": "CONVOLUTION", "sparse": "GROUP", "pad_w": 2}),
    ("Convolution3D", (2, 3, 5, 4, 6), (4, 3, 2, 3, 2), {"stride_d": 2, "pad_h": 1, "dilate_w": 2}),
    ("Convolution3D", (1, 4, 4, 4, 3), (2, 3, 2, 2, 1, 3), {"sparse": "GROUP", "mode": "CONVOLUTION"}),
    ("Convolution3D", (1, 2, 3, 3, 3), (2, 2, 1, 1, 1), {"pad_d": 1}),
    ("ConvolutionBackwardData", (2, 3, 5, 4), (3, 4, 3, 2), {"stride_h": 2, "stride_w": 3, "pad_h": 1}),
    ("ConvolutionBackwardData", (1, 3, 5, 4), (3, 2, 2, 2), {"stride_h": 3, "pad_h": 2, "pad_w": 2}),
    ("ConvolutionBackwardData", (1, 4, 3, 3), (2, 2, 1, 3, 3), {"sparse": "GROUP", "dilate_h": 2}),
    ("ConvolutionBackwardData", (1, 2, 3, 3), (2, 2, 3, 1), {"mode": "CONVOLUTION", "stride_w": 2}),
    ("Convolution3DBackwardData", (1, 3, 2, 3, 2), (3, 2, 3, 2, 3), {"stride_d": 2, "stride_w": 2}),
]


def graph_of(op: str, data: tuple[int, ...], weights: tuple[int, ...], changed: dict[str, Any]) -> Graph:
    axes = "dhw" if len(data) == 5 else "hw"
    attrs: dict[str, Any] = {
        f"{name}_{a}": n for name, n in (("stride", 1), ("dilate", 1), ("pad", 0)) for a in axes
    }
    attrs |= {"mode": "CROSS_CORRELATION", "sparse": "DENSE", "output_dtype": None}
    attrs |= {"format": "NCDHW" if len(axes) == 3 else "NCHW", **changed}
    x, w = Value("x", TensorType(data, FLOAT)), Value("w", TensorType(weights, FLOAT))
    node = Node(op, "conv", attrs, [w, x] if "Backward" in op else [x, w], origin="test")
    node.outputs = [Value("y", t, node) for t in infer(node)]
    return Graph("net", [x, w], [node], [("y", node.output)])


@pytest.mark.parametrize(("op", "data", "weights", "changed"), CASES)
def test_the_meaning_stays(
    op: str, data: tuple[int, ...], weights: tuple[int, ...], changed: dict[str, Any]
) -> None:
    graph = graph_of(op, data, weights, changed)
    rng = np.random.default_rng(2)
    given = {v.name: rng.normal(size=v.shape).astype(np.float32) for v in graph.inputs}
    (before,) = run(graph, given)
    computed_weights.run(graph)
    forms = {(n.op, n.attrs["mode"]) for n in graph.nodes if "Convolution" in n.op}
    assert forms == {("Convolution", "CROSS_CORRELATION")}
    np.testing.assert_allclose(run(graph, given)[0], before, rtol=1e-4, atol=1e-5)
