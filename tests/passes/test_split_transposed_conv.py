"""Transposed convolutions become convolutions whose results alternate, and keep their meaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.interpret import run
from mgecc.passes import optimize, split_transposed_conv
from mgecc.passes.build import constant

FLOAT = DType("float32")
SHAPE = (2, 6, 5, 4)


def transposed(groups: int = 1, kernel: tuple[int, int] = (4, 4), **steps: Any) -> Graph:
    """With a bias and an activation behind it."""
    x = Value("x", TensorType(SHAPE, FLOAT))
    rng = np.random.default_rng(3)
    w = constant("w", rng.normal(size=(SHAPE[1], 3, *kernel)), FLOAT)
    inputs = [w, x]
    bias = constant("b", rng.normal(size=(1, 3 * groups, 1, 1)), FLOAT)
    graph = Graph("net", [x])
    for op, more in (
        ("ConvolutionBackwardData", {**steps, "groups": groups}),
        ("Elemwise", {"mode": "add"}),
        ("Elemwise", {"mode": "relu"}),
    ):
        words = ops.attributes_of(op, {"output_dtype": None, **more})
        node = Node(op, f"n{len(graph.nodes)}", words, inputs, origin="test")
        node.outputs = [Value(f"y{len(graph.nodes)}", t, node) for t in ops.infer(node)]
        graph.nodes.append(node)
        inputs = [node.output, bias][: 2 - len(graph.nodes) // 2]
    graph.outputs = [("y", graph.nodes[-1].output)]
    return graph


def check(graph: Graph, parts: int) -> None:
    x = np.random.default_rng(4).normal(size=SHAPE).astype(np.float32)
    before = run(graph, {"x": x})[0]
    split_transposed_conv.run(graph)
    found = [n.op for n in graph.nodes]
    assert found == ["ConvBias", "Elemwise", "Elemwise"] * parts + ["Interleave"]
    np.testing.assert_allclose(run(graph, {"x": x})[0], before, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize(("size", "pad"), [(2, 0), (3, 0), (3, 1), (4, 0), (4, 1), (5, 1), (5, 2)])
def test_every_phase_is_a_convolution(groups: int, size: int, pad: int) -> None:
    check(transposed(groups, (size, size), stride=(2, 2), padding=((pad, pad), (pad, pad))), 4)


def test_axes_have_their_own_strides() -> None:
    check(transposed(kernel=(3, 4), stride=(1, 3), padding=((1, 1), (1, 1))), 3)
    check(transposed(kernel=(5, 2), stride=(4, 1)), 4)


@pytest.mark.parametrize(
    "steps",
    [
        {"stride": (5, 5)},
        {"dilation": (2, 1)},
        {"kernel": (2, 2), "stride": (2, 1), "padding": ((1, 1), (0, 0))},
    ],
    ids=str,
)
def test_what_no_convolution_computes_stays(steps: dict[str, Any]) -> None:
    graph = transposed(**steps)
    split_transposed_conv.run(graph)
    assert [n.op for n in graph.nodes] == ["ConvolutionBackwardData", "Elemwise", "Elemwise"]


def test_little_memory_is_more_than_speed() -> None:
    graph = transposed(stride=(2, 2))
    optimize(graph, goal="memory")
    assert "Interleave" not in [n.op for n in graph.nodes]
