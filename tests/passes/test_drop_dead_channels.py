"""Channels that are constant or unread go away, and every stored result stays."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.interpret import run
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.pooling import PoolingAttrs
from mgecc.ops.rescale import Rescale
from mgecc.ops.shapes import ReshapeAttrs
from mgecc.passes import drop_dead_channels
from mgecc.passes.build import constant, node_like

START = Node("start", "start", NoAttrs(), [])
INT32 = DType("int32")


class Network:
    """Layers one behind the other, a part of whose filters is all zero, with biases of either sign."""

    def __init__(self, seed: int, dead: float, x: DType, by_channel: bool = False) -> None:
        self.rng, self.dead, self.by_channel = np.random.default_rng(seed), dead, by_channel
        self.x = self.value = Value("x", TensorType((1, 5, 9, 8), x))
        self.nodes: list[Node] = []

    def add(self, op: str, attrs: object, *more: Value) -> None:
        self.nodes.append(node_like(START, op, attrs, [self.value, *more], f"{op}{len(self.nodes)}"))  # type: ignore[arg-type]
        self.value = self.nodes[-1].output

    def conv(
        self, outs: int, k: int, pad: int, depthwise: bool = False, act: str = "relu", residual: bool = False
    ) -> None:
        x, rng = self.value, self.rng
        ins = 1 if depthwise else x.shape[1]
        array = rng.integers(-60, 60, (outs, ins, k, k)) * (rng.random((outs, 1, 1, 1)) >= self.dead)
        w = constant(f"w{len(self.nodes)}", array, DType("qint8", 0.02))
        total = DType("qint32", float(np.float32(x.type.dtype.scale) * np.float32(0.02)))
        bias = constant(f"b{len(self.nodes)}", rng.integers(-3000, 3000, (1, outs, 1, 1)), total)
        out = DType("qint8", float(np.float32(x.type.dtype.scale * 0.02 * 12 * np.sqrt(ins * k * k))))
        rescale = None
        if self.by_channel:
            factors = rng.uniform(0.5, 2, outs) * total.scale / out.scale
            rescale = Rescale("double", tuple(map(float, factors)), 0 if act == "relu" else -128, 127)
        attrs = ConvBiasAttrs(
            groups=outs if depthwise else 1,
            padding=((pad, pad), (pad, pad)),
            activation=("identity",) if rescale else (act,),
            output_dtype=out,
            rescale=rescale,
        )
        self.add("ConvBias", attrs, w, bias, *([self.value] if residual else []))

    def classes(self, count: int) -> None:
        self.add(
            "Pooling", PoolingAttrs(window=self.value.shape[2:], stride=self.value.shape[2:], mode="average")
        )
        flat = constant("shape", self.value.shape[:2], INT32)
        self.add("Reshape", ReshapeAttrs(), flat)
        array = self.rng.integers(-60, 60, (count, self.value.shape[1]))
        self.add("MatrixMul", MatrixMulAttrs(transpose_b=True), constant("wc", array, DType("qint8", 0.03)))

    def graph(self) -> Graph:
        return Graph("g", [self.x], self.nodes, [("y", self.value)])

    def inputs(self) -> dict[str, np.ndarray]:
        dtype = self.x.type.dtype
        return {"x": self.rng.integers(*dtype.range, self.x.shape, endpoint=True).astype(dtype.numpy)}


def channels(graph: Graph) -> int:
    return sum(v.shape[1] for node in graph.nodes for v in node.outputs)


def checked(network: Network) -> tuple[int, int]:
    """Channels before and after; the results must be the same."""
    graph, inputs = network.graph(), network.inputs()
    (want,), before = run(graph, inputs), channels(graph)
    drop_dead_channels.run(graph)
    (got,) = run(graph, inputs)
    np.testing.assert_array_equal(got, want)
    for node in graph.nodes:
        assert node_like(node, node.op, node.attrs, node.inputs).output.type == node.output.type
    return before, channels(graph)


@pytest.mark.parametrize("by_channel", [False, True])
@pytest.mark.parametrize("act", ["relu", "identity"])
@pytest.mark.parametrize("x", [DType("qint8", 0.1), DType("quint8", 0.1, 131)], ids=str)
@pytest.mark.parametrize("dead", [0.3, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_networks_of_separable_convolutions(
    seed: int, dead: float, x: DType, act: str, by_channel: bool
) -> None:
    network = Network(seed, dead, x, by_channel)
    network.conv(12, 3, 1, act=act)
    network.conv(12, 3, 1, depthwise=True, act=act)
    network.conv(16, 1, 0, act=act)
    network.conv(16, 3, 0, depthwise=True, act=act)
    network.conv(20, 1, 0, act=act)
    network.classes(4)
    before, after = checked(network)
    assert after < before


def test_nothing_is_cut_where_all_filters_live() -> None:
    network = Network(1, 0.0, DType("qint8", 0.1))
    network.conv(12, 3, 1)
    network.conv(12, 3, 1, depthwise=True)
    network.conv(16, 1, 0)
    network.classes(4)
    made = [(node, list(node.inputs)) for node in network.nodes]
    before, after = checked(network)
    assert before == after and all(node.inputs == inputs for node, inputs in made)


def test_what_a_residual_reads_and_the_model_gives_stays_whole() -> None:
    network = Network(2, 0.5, DType("qint8", 0.1))
    network.conv(5, 3, 1)
    network.conv(5, 3, 1, residual=True)
    assert checked(network) == (10, 10)
