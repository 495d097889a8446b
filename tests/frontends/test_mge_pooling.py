"""Poolings of files become plain ones: parameters in our words, stored layouts between transposes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mge_writer import MgeFile
from mgecc import interpret
from mgecc.frontends.mge.importer import import_mge
from mgecc.graph import CompileError, Graph
from mgecc.ops.pooling import AdaptivePoolingAttrs, PoolingAttrs

PARAMS = {"window_h": 3, "window_w": 2, "stride_h": 2, "stride_w": 1, "pad_h": 1, "pad_w": 0}


def graph_of(shape: tuple[int, ...], **params: Any) -> Graph:
    m = MgeFile()
    return import_mge(m.bytes(m.record("PoolingV1", [m.input("x", *shape)], "y", **params)), "net.mge")


@pytest.mark.parametrize(
    ("mode", "want", "counts"),
    [("MAX", "max", True), ("AVERAGE", "average", True), ("AVERAGE_COUNT_EXCLUDE_PADDING", "average", False)],
)
def test_parameters_become_attributes(mode: str, want: Any, counts: bool) -> None:
    (node,) = graph_of((1, 2, 7, 8), mode=mode, **PARAMS).nodes
    assert node.attrs == PoolingAttrs((3, 2), (2, 1), ((1, 1), (0, 0)), want, counts)


@pytest.mark.parametrize("data_format", ["NCHW44", "NCHW4"])
def test_blocked_layouts_are_read_as_plain_ones(data_format: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 8, 6, 6)).astype(np.float32)
    blocked = np.ascontiguousarray(x.reshape(2, 2, 4, 6, 6).transpose(0, 1, 3, 4, 2))
    graph = graph_of(blocked.shape, mode="MAX", format=data_format, **PARAMS)
    assert [node.op for node in graph.nodes] == ["Dimshuffle", "Reshape", "Pooling", "Reshape", "Dimshuffle"]
    assert {(node.name, node.origin) for node in graph.nodes} == {("y", graph.nodes[0].origin)}
    (got,) = interpret.run(graph, {"x": blocked})
    (want,) = interpret.run(graph_of(x.shape, mode="MAX", **PARAMS), {"x": x})
    np.testing.assert_array_equal(got.transpose(0, 1, 4, 2, 3).reshape(want.shape), want)


def test_channels_last_is_read_as_plain_and_adaptive_pooling_too() -> None:
    x = np.random.default_rng(0).normal(size=(2, 6, 5, 3)).astype(np.float32)
    m = MgeFile()
    size = m.constant(np.array([2, 2], np.int32), "size")
    y = m.record("AdaptivePoolingV1", [m.input("x", *x.shape), size], "y", mode="AVERAGE", format="NHWC")
    graph = import_mge(m.bytes(y), "net.mge")
    assert AdaptivePoolingAttrs("average") in [node.attrs for node in graph.nodes]
    (got,) = interpret.run(graph, {"x": x})
    np.testing.assert_allclose(got[:, 0, 0], x[:, :3, :3].mean((1, 2), dtype=np.float64), rtol=1e-5)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        (
            {**PARAMS, "stride_h": 0},
            r"\(Pooling .*its parameter stride is \(0, 1\), numbers from 1 to 1048576 are",
        ),
        ({**PARAMS, "mode": 9999}, "its parameter mode is 9999, max, average are served"),
        ({**PARAMS, "format": "NHWCD4"}, "the layout NHWCD4 is meant for image memory"),
        ({**PARAMS, "format": "NCHW44"}, "a value of rank 3 cannot have the layout NCHW44"),
    ],
)
def test_other_parameters_are_refused_by_name(params: dict[str, Any], why: str) -> None:
    shape = (2, 7, 8) if params.get("format") == "NCHW44" else (1, 2, 7, 8)
    with pytest.raises(CompileError, match=why):
        graph_of(shape, **params)
