"""Stages are computed patch by patch where that takes less memory: the same numbers, of the same constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mgecc import interpret, ops
from mgecc.graph import Attributes, Diagnostics, DType, Graph, Node, TensorType, Value
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.elemwise_multi_type import ElemwiseMultiTypeAttrs
from mgecc.ops.pooling import PoolingAttrs
from mgecc.ops.rescale import Rescale
from mgecc.planner import patches, slices
from mgecc.planner.limits import Goal
from mgecc.planner.order import live
from mgecc.planner.plan import plan
from mgecc.targets import load_target

BYTES, FLOAT = DType("qint8", 0.1, 0), DType("float32")
M4 = load_target("cortex-m4")


class Chain:
    """A network that grows node by node."""

    def __init__(self, shape: tuple[int, ...], dtype: DType = BYTES, seed: int = 1) -> None:
        self.graph = Graph("net", [Value("x", TensorType(shape, dtype))])
        self.x, self.rng = self.graph.inputs[0], np.random.default_rng(seed)

    def add(self, op: str, attrs: Attributes, *others: Value) -> Value:
        node = Node(op, f"{op}{len(self.graph.nodes)}", attrs, [self.x, *others])
        node.outputs = [Value(f"y{len(self.graph.nodes)}", t, node) for t in ops.infer(node)]
        self.graph.nodes.append(node)
        self.x = node.output
        return self.x

    def conv(self, oc: int, k: int = 3, groups: int = 1, **words: Any) -> Value:
        words.setdefault("padding", ((k // 2, k // 2),) * 2)
        shape, dtype = (oc, self.x.shape[1] // groups, k, k), self.x.type.dtype
        if dtype.is_float:
            w, weights = self.rng.normal(size=shape).astype(np.float32), FLOAT
            attrs = ConvBiasAttrs(groups=groups, **words)
        else:
            spread = 73 * np.sqrt(np.prod(shape[1:]))
            factors = (self.rng.uniform(0.6, 1.2, oc) / spread).astype(np.float32).tolist()
            w, weights = self.rng.integers(-127, 128, shape).astype(np.int8), DType("qint8")
            by = Rescale("double", tuple(factors), -128, 127)
            attrs = ConvBiasAttrs(groups=groups, output_dtype=dtype, rescale=by, **words)
        return self.add("ConvBias", attrs, Value("w", TensorType(shape, weights), const=w))

    def depthwise(self, k: int = 3, **words: Any) -> Value:
        return self.conv(self.x.shape[1], k, self.x.shape[1], **words)

    def pool(self, mode: Any = "max") -> Value:
        return self.add("Pooling", PoolingAttrs((3, 3), (2, 2), ((0, 1), (1, 0)), mode, count_padding=False))

    def residual(self, oc: int) -> Value:
        """An inverted bottleneck: wide, depthwise, narrow, and the sum with what it began with."""
        start = self.x
        self.conv(oc, 1)
        self.depthwise(3)
        self.conv(start.shape[1], 1)
        return self.add("ElemwiseMultiType", ElemwiseMultiTypeAttrs("add", BYTES), start)

    def done(self) -> Graph:
        self.graph.outputs = [("y", self.x)]
        return self.graph

    def numbers(self) -> dict[str, np.ndarray]:
        shape, dtype = self.graph.inputs[0].shape, self.graph.inputs[0].type.dtype
        if dtype.is_float:
            return {"x": self.rng.normal(size=shape).astype(np.float32)}
        return {"x": self.rng.integers(-128, 128, shape).astype(np.int8)}


def bottlenecks(size: int = 48) -> Chain:
    """The beginning of MobileNetV2, in small."""
    chain = Chain((1, 3, size, size))
    chain.conv(16, stride=(2, 2))
    chain.residual(48)
    chain.conv(48, 1)
    chain.depthwise(3, stride=(2, 2))
    chain.conv(8, 1)
    return chain


def random_chain(seed: int) -> Chain:
    """Windows of all sorts, with padding on both sides, on one and on none."""
    rng = np.random.default_rng(seed)
    chain = Chain((1, 4, int(rng.integers(30, 50)), int(rng.integers(30, 50))), seed=seed)
    for _ in range(int(rng.integers(3, 7))):
        k, stride, dilation = (int(rng.choice(n)) for n in ((1, 3, 3, 5), (1, 1, 2), (1, 1, 2)))
        most = dilation * (k - 1)
        padding = tuple(
            (int(rng.integers(0, most // 2 + 1)), int(rng.integers(0, most // 2 + 1))) for _ in "hw"
        )
        words = {"stride": (stride, 1), "dilation": (dilation, dilation), "padding": padding}
        if min(chain.x.shape[2:]) < 16:
            break
        kind = rng.choice(["conv", "depthwise", "pool", "mean", "residual"])
        if kind in ("pool", "mean"):
            chain.pool("max" if kind == "pool" else "average")
        elif kind == "residual":
            chain.residual(24)
        else:
            chain.conv(16, k, **words) if kind == "conv" else chain.depthwise(k, **words)
    chain.conv(2, 3, stride=(2, 2))
    return chain


@pytest.mark.parametrize("seed", range(8))
def test_patches_compute_the_same_numbers(seed: int) -> None:
    chain = random_chain(seed)
    graph, x = chain.done(), chain.numbers()
    whole, before = interpret.run(graph, x)[0], max(live(graph, graph.nodes))
    patches.for_memory(graph, M4, 1)
    assert np.array_equal(interpret.run(graph, x)[0], whole) and len(np.unique(whole)) > 20
    assert graph.patched and max(live(graph, graph.nodes)) < before


def test_patches_of_floats_compute_the_same_numbers() -> None:
    chain = Chain((1, 3, 40, 40), FLOAT)
    for oc in (16, 16, 4):
        chain.conv(oc, stride=(1 + (oc == 4), 2))
    graph, x = chain.done(), chain.numbers()
    whole = interpret.run(graph, x)[0]
    patches.for_memory(graph, M4, 1)
    assert graph.patched
    np.testing.assert_allclose(interpret.run(graph, x)[0], whole, rtol=1e-5, atol=1e-5)


def test_no_patch_is_computed_where_memory_suffices() -> None:
    graph = bottlenecks().done()
    nodes = list(graph.nodes)
    patches.for_memory(graph, M4, max(live(graph, nodes)))
    assert graph.nodes == nodes and graph.patched == ()


def test_less_memory_takes_more_patches() -> None:
    found = []
    for part in (2, 3, 4):
        graph = bottlenecks().done()
        enough = max(live(graph, graph.nodes)) // part
        patches.for_memory(graph, M4, enough)
        slices.for_memory(graph, M4, enough)
        assert max(live(graph, graph.nodes)) <= enough
        found.append(sum(one.again for one in graph.patched))
    assert 0 < found[0] <= found[1] <= found[2] and found[0] < found[2]


def test_patches_share_their_weights_and_kernels() -> None:
    sizes = {}
    for kind, enough in (("speed", 0), ("memory", 30_000)):
        program = plan(bottlenecks().done(), M4, Goal(kind, enough=enough), Diagnostics("net"))
        sizes[kind] = (len(program.weights), len(program.kernels), program.arena)
    (weights, kernels, arena), (few, more, less) = sizes["speed"], sizes["memory"]
    assert few <= weights + 512 and more <= kernels + 6 and less < arena // 2


def test_memory_alone_does_not_double_the_work() -> None:
    graph = bottlenecks(160).done()
    whole = sum(map(ops.find("ConvBias").macs, (n for n in graph.nodes if n.op == "ConvBias")))
    patches.for_memory(graph, M4, 0)
    work = sum(map(ops.find("ConvBias").macs, (n for n in graph.nodes if n.op == "ConvBias")))
    assert graph.patched and whole < work <= 1.1 * whole


def test_what_is_read_elsewhere_is_computed_whole() -> None:
    chain = bottlenecks()
    inner = chain.graph.nodes[0].output
    graph = chain.done()
    graph.outputs.append(("inner", inner))
    x = chain.numbers()
    whole = interpret.run(graph, x)
    patches.for_memory(graph, M4, 1)
    assert graph.nodes[0].output is inner
    assert all(map(np.array_equal, interpret.run(graph, x), whole))


def test_a_constant_with_numbers_for_each_place_is_not_cut() -> None:
    chain = bottlenecks()
    table = np.arange(np.prod(chain.x.shape[2:]), dtype=np.int8).reshape(1, 1, *chain.x.shape[2:])
    term = Value("t", TensorType(table.shape, BYTES), const=table)
    chain.add("ElemwiseMultiType", ElemwiseMultiTypeAttrs("add", BYTES), term)
    graph = chain.done()
    last = graph.nodes[-1]
    patches.for_memory(graph, M4, 1)
    assert graph.nodes[-1] is last and graph.patched


def test_long_networks_are_searched_in_bounded_time() -> None:
    chain = Chain((1, 8, 64, 64))
    for _ in range(150):
        chain.residual(16)
    graph = chain.done()
    search = patches._Search(graph, M4, 0)
    assert sum(map(len, search.found.values())) <= patches._MOST_STAGES
