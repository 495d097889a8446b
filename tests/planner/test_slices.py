"""Pairs of layers are computed a few channels at a time where that takes less memory or keeps data near the processor:
the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mgecc import interpret, ops
from mgecc.graph import Diagnostics, DType, Graph, Node, TensorType, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.pooling import PoolingAttrs
from mgecc.ops.rescale import Rescale
from mgecc.ops.size_values import SizeValuesAttrs
from mgecc.planner import slices
from mgecc.planner.limits import Goal
from mgecc.planner.order import live
from mgecc.planner.plan import plan
from mgecc.targets import load_target

FLOAT = DType("float32")
BYTES = DType("qint8", 0.1, 3)
RNG = np.random.default_rng(5)


def _append(graph: Graph, op: str, attrs: Any, *constants: np.ndarray, x: Value | None = None) -> Value:
    """A node that reads the graph's last value."""
    last = graph.nodes[-1].output if graph.nodes else graph.inputs[0]
    values = [Value(f"c{i}", TensorType(c.shape, FLOAT), const=c) for i, c in enumerate(constants)]
    node = Node(op, f"{op}{len(graph.nodes)}", attrs, [x or last, *values])
    node.outputs = [Value(f"y{len(graph.nodes)}", t, node) for t in ops.infer(node)]
    graph.nodes.append(node)
    return node.output


def _convolution(graph: Graph, oc: int, k: int, stride: int = 1, depthwise: bool = False) -> Value:
    ic = (graph.nodes[-1].output if graph.nodes else graph.inputs[0]).shape[1]
    groups, padding = ic if depthwise else 1, ((k // 2, k // 2),) * 2
    attrs = ConvBiasAttrs((stride, stride), padding, groups=groups, activation=("relu",))
    arrays = (RNG.normal(size=(oc, ic // groups, k, k)), RNG.normal(size=(1, oc, 1, 1)))
    return _append(graph, "ConvBias", attrs, *(a.astype(np.float32) for a in arrays))


def _pooling(graph: Graph) -> Value:
    return _append(graph, "Pooling", PoolingAttrs((3, 3), (2, 2), ((1, 1), (1, 1))))


def start(channels: int = 16, size: int = 24) -> Graph:
    return Graph("net", [Value("x", TensorType((1, channels, size, size), FLOAT))])


def network(wide: int = 96, pool: bool = False) -> Graph:
    """A convolution to many channels, which a depthwise one or a pooling makes smaller, and one to few channels."""
    graph = start()
    _convolution(graph, wide, 1)
    if pool:
        _pooling(graph)
    else:
        _convolution(graph, wide, 3, 2, depthwise=True)
    graph.outputs = [("y", _convolution(graph, 16, 1))]
    return graph


def arena(graph: Graph, goal: str, target: str = "arm64") -> int:
    return plan(graph, load_target(target), Goal(goal), Diagnostics("net")).arena


def _rescaled(graph: Graph, oc: int, k: int, stride: int = 1) -> Value:
    """A convolution of bytes that ends by a factor for each channel; with ``stride`` > 1 a depthwise one."""
    x = graph.nodes[-1].output if graph.nodes else graph.inputs[0]
    groups = x.shape[1] if stride > 1 else 1
    by = Rescale("double", tuple(RNG.uniform(0.001, 0.004, oc).astype(np.float32).tolist()), -128, 127)
    attrs = ConvBiasAttrs((stride,) * 2, ((k // 2,) * 2,) * 2, output_dtype=BYTES, groups=groups, rescale=by)
    w = RNG.integers(-127, 128, (oc, x.shape[1] // groups, k, k)).astype(np.int8)
    node = Node(
        "ConvBias",
        f"conv{len(graph.nodes)}",
        attrs,
        [x, Value("w", TensorType(w.shape, DType("qint8")), const=w)],
    )
    node.outputs = [Value(f"y{len(graph.nodes)}", t, node) for t in ops.infer(node)]
    graph.nodes.append(node)
    return node.output


def test_slices_have_the_factors_of_their_channels() -> None:
    graph = Graph("net", [Value("x", TensorType((1, 16, 24, 24), BYTES))])
    for channels, k, stride in ((96, 1, 1), (96, 3, 2), (16, 1, 1)):
        result = _rescaled(graph, channels, k, stride)
    graph.outputs = [("y", result)]
    x = {"x": RNG.integers(-128, 128, (1, 16, 24, 24)).astype(np.int8)}
    whole = interpret.run(graph, x)[0]
    slices.for_memory(graph, load_target("cortex-m4"))
    assert len(graph.nodes) > 5 and len(np.unique(whole)) > 50
    np.testing.assert_array_equal(interpret.run(graph, x)[0], whole)


@pytest.mark.parametrize("target", ["arm64", "armv7", "x86_64", "baremetal"])
@pytest.mark.parametrize("pool", [False, True])
def test_the_wide_tensor_is_never_there_as_a_whole(target: str, pool: bool) -> None:
    whole = 96 * 24 * 24 * 4
    assert (
        arena(network(pool=pool), "speed", target) > whole > 1.5 * arena(network(pool=pool), "memory", target)
    )


@pytest.mark.parametrize("wide", [96, 40, 24])
@pytest.mark.parametrize("pool", [False, True])
def test_slices_compute_the_same_numbers(wide: int, pool: bool) -> None:
    graph = network(wide, pool)
    x = {"x": RNG.normal(size=graph.inputs[0].shape).astype(np.float32)}
    before = interpret.run(graph, x)[0]
    slices.for_memory(graph, load_target("arm64"))
    assert [node.op for node in graph.nodes].count("Concat") == 1
    assert np.array_equal(before, interpret.run(graph, x)[0])


def test_the_estimate_of_live_bytes_knows_that_parts_lie_in_the_whole() -> None:
    graph = network()
    slices.for_memory(graph, load_target("arm64"))
    scratch = arena(network(), "memory") - max(live(graph, graph.nodes))
    assert 0 <= scratch < 1024


def test_nothing_is_sliced_that_does_not_decide() -> None:
    graph = start(size=48)
    _convolution(graph, 128, 1)  # the largest step: into what no depthwise layer reads
    _convolution(graph, 16, 1, 2)
    _convolution(graph, 32, 1)
    _convolution(graph, 32, 3, depthwise=True)
    graph.outputs = [("y", graph.nodes[-1].output)]
    before = list(graph.nodes)
    slices.for_memory(graph, load_target("arm64"))
    assert graph.nodes == before


def test_a_tensor_that_others_read_stays_whole() -> None:
    graph = network()
    graph.outputs.append(("wide", graph.nodes[0].output))
    before = list(graph.nodes)
    slices.for_memory(graph, load_target("arm64"))
    assert graph.nodes == before


def test_channels_that_fill_no_blocks_stay_together() -> None:
    graph = network(wide=90)
    before = list(graph.nodes)
    slices.for_memory(graph, load_target("arm64"))
    assert graph.nodes == before
    slices.for_memory(graph, load_target("baremetal"))
    assert len(graph.nodes) > len(before)


def wide_network(first: int = 1) -> Graph:
    """A tensor of 1.4 MB between two layers."""
    graph = start(size=64)
    _convolution(graph, 84, first)
    _convolution(graph, 84, 3, 2, depthwise=True)
    graph.outputs = [("y", _convolution(graph, 16, 1))]
    return graph


def test_tensors_between_stay_in_the_cache_where_speed_is_the_goal() -> None:
    graph, target = wide_network(), load_target("arm64")
    x = {"x": RNG.normal(size=graph.inputs[0].shape).astype(np.float32)}
    before, whole = interpret.run(graph, x)[0], graph.nodes[0].output.type.nbytes
    slices.for_cache(graph, target)
    made = [node.output.type.nbytes for node in graph.nodes if node.inputs[0] is graph.inputs[0]]
    assert whole > target.cache and len(made) > 1 and max(made) <= target.cache and sum(made) == whole
    assert np.array_equal(before, interpret.run(graph, x)[0])


@pytest.mark.parametrize("graph", [network(), wide_network(first=3)], ids=["fits the cache", "not 1x1"])
def test_pairs_stay_whole_that_gain_no_time(graph: Graph) -> None:
    before = list(graph.nodes)
    slices.for_cache(graph, load_target("arm64"))
    assert graph.nodes == before


def test_threads_share_whole_layers() -> None:
    one, two = (
        plan(wide_network(), load_target("arm64"), Goal(threads=n), Diagnostics("net")) for n in (1, 2)
    )
    assert one.arena < two.arena


@pytest.mark.parametrize("goal", [slices.for_memory, slices.for_cache])
def test_a_layer_without_inputs_is_no_pair(goal) -> None:
    graph = network()
    sizes = Node("SizeValues", "sizes", SizeValuesAttrs((), TensorType((2,), FLOAT)), [])
    sizes.outputs = [Value("sizes", TensorType((2,), FLOAT), sizes)]
    reader = Node("Reader", "reader", NoAttrs(), [sizes.output])
    reader.outputs = [Value("read", TensorType((2,), FLOAT), reader)]
    graph.nodes = [sizes, reader, *graph.nodes]
    graph.outputs.append(("read", reader.output))
    goal(graph, load_target("arm64"))
    assert graph.nodes[:2] == [sizes, reader]
