"""Multi-head attention keeps its meaning when it comes apart into matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.interpret import run
from mgecc.ops.attention import AttentionAttrs
from mgecc.passes import lower_attention
from mgecc.passes.build import constant

FLOAT = DType("float32")
PROJECTED = {"projections": (15, 15, 9, 7)}
BIASES = {"biases": (True,) * 4}
COUNTS = {
    "bare": 0,
    "projected": 12 * (15 + 15 + 9) + 9 * 7,
    "biased": 12 * (15 + 15 + 9) + 9 * 7 + 46,
    "only biases": 48,
}
FORMS: dict[str, dict[str, Any]] = {
    "bare": {},
    "projected": PROJECTED,
    "biased": {**PROJECTED, **BIASES},
    "only biases": BIASES,
}


def attending(form: str, mask: bool, computed: bool = False, outputs: int = 2) -> Graph:
    random = np.random.default_rng(5)
    shapes = [(2, 4, 12), (2, 6, 12), (2, 6, 12), *([(1, 4, 6)] if mask else [])]
    data = [Value(f"x{i}", TensorType(shape, FLOAT)) for i, shape in enumerate(shapes)]
    weights = constant("w", random.normal(size=COUNTS[form]) / 3, FLOAT)
    if computed:
        weights = Value("w", weights.type)
        data.append(weights)
    node = Node(
        "MultiHeadAttn",
        "net",
        AttentionAttrs(3, 0.4, **FORMS[form]),
        [*data[:3], weights, *data[3:4][: int(mask)]],
        origin="test",
    )
    node.outputs = [Value(f"y{i}", t, node) for i, t in enumerate(ops.infer(node))]
    graph = Graph("net", data)
    graph.nodes, graph.outputs = [node], [(v.name, v) for v in node.outputs[:outputs]]
    return graph


@pytest.mark.parametrize("mask", [False, True], ids=["plain", "masked"])
@pytest.mark.parametrize("form", FORMS)
def test_products_give_the_same_results(form: str, mask: bool) -> None:
    graph, random = attending(form, mask), np.random.default_rng(6)
    given = {v.name: random.normal(size=v.shape).astype(np.float32) for v in graph.inputs}
    before = run(graph, given)
    lower_attention.run(graph)
    assert "MultiHeadAttn" not in {n.op for n in graph.nodes} and "Softmax" in {n.op for n in graph.nodes}
    for old, new in zip(before, run(graph, given), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "why", [{"computed": True}, {"outputs": 4}], ids=["weights computed", "reserves read"]
)
def test_others_stay_whole(why: dict[str, Any]) -> None:
    graph = attending("projected", False, **why)
    lower_attention.run(graph)
    assert [n.op for n in graph.nodes] == ["MultiHeadAttn"]
