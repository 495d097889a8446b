"""Values in the channel blocks of a file come back to plain layout: movements and filling channels go, numbers stay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mgecc import ops
from mgecc.config import load_config
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.interpret import run
from mgecc.lowering import load_graph
from mgecc.passes import (
    axis_maps,
    drop_padding_channels,
    lower_layouts,
    optimize,
    simplify_graph,
    sink_transposes,
)

F32 = DType("float32")


class _Net:
    """A graph in the making."""

    def __init__(self, *shapes: tuple[int, ...]) -> None:
        self.inputs = [Value(f"x{k}", TensorType(shape, F32)) for k, shape in enumerate(shapes)]
        self.graph = Graph("net", list(self.inputs))
        self.rng = np.random.default_rng(len(shapes))

    def add(self, op: str, *inputs: Value, **attrs: object) -> Value:
        words = ops.attributes_of(op, {"output_dtype": None, **attrs})
        node = Node(op, f"n{len(self.graph.nodes)}", words, list(inputs), origin="test")
        node.outputs = [Value(node.name, t, node) for t in ops.infer(node)]
        self.graph.nodes.append(node)
        return node.output

    def const(self, *shape: int, kind: str = "float32") -> Value:
        data = self.rng.standard_normal(shape).astype(kind)
        return Value("c", TensorType(shape, DType(kind)), const=data)

    def numbers(self, *values: int) -> Value:
        return Value("c", TensorType((len(values),), DType("int32")), const=np.array(values, np.int32))

    def blocked(self, x: Value, c: int) -> Value:
        n, ch, h, w = x.shape
        split = self.add("Reshape", x, self.numbers(n, ch // c, c, h, w))
        return self.add("Dimshuffle", split, pattern=(0, 1, 3, 4, 2))

    def plain(self, x: Value) -> Value:
        n, blocks, h, w, c = x.shape
        moved = self.add("Dimshuffle", x, pattern=(0, 1, 4, 2, 3))
        return self.add("Reshape", moved, self.numbers(n, blocks * c, h, w))

    def check(self, result: Value, expected: list[str]) -> None:
        """The passes leave these operators, and every number as it was."""
        self.graph.outputs = [("y", result)]
        arrays = {v.name: self.rng.standard_normal(v.shape).astype(np.float32) for v in self.inputs}
        before = run(self.graph, arrays)[0]
        for step in (
            lower_layouts.run,
            simplify_graph.run,
            sink_transposes.run,
            simplify_graph.run,
            drop_padding_channels.run,
        ):
            step(self.graph)
        assert [n.op for n in self.graph.nodes] == expected
        np.testing.assert_allclose(run(self.graph, arrays)[0], before, rtol=1e-5, atol=1e-6)


def test_an_operand_of_one_pixel_follows_the_larger_one() -> None:
    net = _Net((2, 12, 5, 3), (2, 12, 1, 1))
    product = net.add("Elemwise", net.blocked(net.inputs[0], 4), net.blocked(net.inputs[1], 4), mode="mul")
    net.check(net.plain(product), ["Elemwise"])


@pytest.mark.parametrize("shape", [(1, 3, 1, 1, 4), (1,), (2, 3, 5, 3, 4), (5, 3, 4), (4,)])
def test_constants_are_moved_at_compile_time(shape: tuple[int, ...]) -> None:
    net = _Net((2, 12, 5, 3))
    total = net.add("Elemwise", net.const(*shape), net.blocked(net.inputs[0], 4), mode="add")
    net.check(net.plain(total), ["Elemwise"])


def test_a_value_that_several_nodes_read_is_read_plain_by_all() -> None:
    net = _Net((1, 16, 4, 4))
    x = net.blocked(net.inputs[0], 8)
    a, b = net.add("Elemwise", x, mode="relu"), net.add("Elemwise", x, mode="negate")
    net.check(net.plain(net.add("Elemwise", a, b, mode="max")), ["Elemwise"] * 3)


@pytest.mark.parametrize("axis", [0, 2, 3, -2])
def test_reductions_of_whole_axes_are_taken_before_the_movement(axis: int) -> None:
    net = _Net((2, 8, 3, 5))
    mean = net.add("Reduce", net.blocked(net.inputs[0], 4), mode="mean", axis=axis)
    net.check(net.plain(mean), ["Reduce"])


def test_a_reduction_inside_a_block_stays_behind_the_movement() -> None:
    net = _Net((2, 8, 3, 5))
    mean = net.add("Reduce", net.blocked(net.inputs[0], 4), mode="max", axis=4)
    net.check(mean, ["Reshape", "Reduce", "Reshape"])


def _convolution(net: _Net, x: Value, o: int, i: int) -> Value:
    weights, bias = net.const(o, i, 3, 3), net.const(1, o, 1, 1)
    return net.add("ConvBias", x, weights, bias, padding=((1, 1), (1, 1)), activation=("relu",))


def test_channels_that_only_fill_a_block_are_not_read() -> None:
    net = _Net((1, 3, 6, 5))
    stored = net.add("RelayoutFormat", net.inputs[0], source="nchw", target="nchwC", block=4)
    net.check(_convolution(net, net.plain(stored), 8, 4), ["ConvBias"])


def test_channels_that_only_fill_a_block_are_not_computed() -> None:
    net = _Net((1, 4, 6, 5))
    y = _convolution(net, net.inputs[0], 8, 4)
    items = ((3, False, False, True, False), (1, False, True, False, False))
    net.check(net.add("Subtensor", y, net.numbers(1), net.numbers(5), items=items), ["ConvBias"])


_CUTS: dict[str, Callable[[_Net, Value], Value]] = {
    "from the second": lambda net, y: net.add(
        "Subtensor", y, net.numbers(1), items=((1, True, False, False, False),)
    ),
    "every second": lambda net, y: net.add(
        "Subtensor", y, net.numbers(2), items=((1, False, False, True, False),)
    ),
    "of another axis": lambda net, y: net.add(
        "Subtensor", y, net.numbers(2), items=((2, False, True, False, False),)
    ),
}


@pytest.mark.parametrize("cut", _CUTS)
def test_other_parts_of_a_result_stay(cut: str) -> None:
    net = _Net((1, 4, 6, 5))
    net.check(_CUTS[cut](net, _convolution(net, net.inputs[0], 8, 4)), ["ConvBias", "Subtensor"])


@pytest.mark.parametrize(
    ("before", "after", "groups"),
    [
        ((2, 12, 3), (2, 3, 4, 3), [([0], [0]), ([1], [1, 2]), ([2], [3])]),
        ((6, 4), (2, 12), [([0, 1], [0, 1])]),
        ((4, 1, 5), (4, 5), [([0], [0]), ([1, 2], [1])]),
        ((4, 5), (4, 5, 1, 1), [([0], [0]), ([1], [1, 2, 3])]),
    ],
)
def test_a_reshape_is_told_by_groups_of_axes(before: tuple, after: tuple, groups: list) -> None:
    assert axis_maps.axis_groups(before, after) == groups


@pytest.mark.parametrize("seed", range(30))
def test_random_movements_sink_without_changing_a_number(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(int(rng.choice([1, 2, 3, 4])) for _ in range(4))
    net = _Net(shape)
    x = net.inputs[0]
    for _ in range(6):
        x = _STEPS[int(rng.integers(len(_STEPS)))](net, x, rng)
    net.graph.outputs = [("y", x)]
    array = rng.standard_normal(shape).astype(np.float32)
    before = run(net.graph, {"x0": array})[0]
    for step in (simplify_graph.run, sink_transposes.run, simplify_graph.run):
        step(net.graph)
    np.testing.assert_allclose(run(net.graph, {"x0": array})[0], before, rtol=1e-5, atol=1e-5)


def _random_shape(net: _Net, x: Value, rng: np.random.Generator) -> Value:
    sizes = [
        n for size in x.shape for n in ((2, size // 2) if size % 2 == 0 and rng.random() < 0.5 else (size,))
    ]
    if len(sizes) > 5:
        sizes = [sizes[0] * sizes[1], *sizes[2:]]
    return net.add("Reshape", x, net.numbers(*sizes))


def _random_order(net: _Net, x: Value, rng: np.random.Generator) -> Value:
    order = [int(i) for i in rng.permutation(len(x.shape))]
    return net.add("Dimshuffle", x, pattern=tuple(order))


def _random_sum(net: _Net, x: Value, rng: np.random.Generator) -> Value:
    shape = [n if rng.random() < 0.5 else 1 for n in x.shape][int(rng.integers(len(x.shape))) :]
    if rng.random() < 0.5:
        return net.add("Elemwise", x, net.const(*shape), mode="add")
    small = x
    for axis in range(1, len(x.shape)):
        small = net.add("Reduce", small, mode="max", axis=axis)
    return net.add("Elemwise", small, x, mode="sub")


def _random_reduction(net: _Net, x: Value, rng: np.random.Generator) -> Value:
    return net.add("Reduce", x, mode="sum", axis=int(rng.integers(len(x.shape))))


def _random_padding(net: _Net, x: Value, rng: np.random.Generator) -> Value:
    pairs = tuple((int(rng.integers(3)), int(rng.integers(3))) for _ in x.shape)
    return net.add("Padding", x, padding=pairs, mode=str(rng.choice(["constant", "replicate"])))


_STEPS = (_random_padding, _random_shape, _random_order, _random_sum, _random_sum, _random_reduction)


def test_sums_of_quantised_bytes_let_transposes_through() -> None:
    """Of a network with channels last and residuals only the picture is turned."""
    folder = Path(__file__).parents[2] / "models" / "tiny_resnet"
    left = [node.op for node in optimize(load_graph(load_config(folder / "model.yaml"))).nodes]
    assert left.count("RescaledArithmetic") == 3 and left.count("Dimshuffle") == 1


def _last(net: _Net, x: Value) -> Value:
    return net.add("Dimshuffle", x, pattern=(0, 2, 3, 1))


def _first(net: _Net, x: Value) -> Value:
    return net.add("Dimshuffle", x, pattern=(0, 3, 1, 2))


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate"])
def test_padding_lets_a_transpose_through_that_another_undoes(mode: str) -> None:
    net = _Net((2, 3, 5, 6))
    pairs = ((1, 0), (2, 3), (0, 4), (2, 1))
    net.check(
        _first(net, net.add("Padding", _last(net, net.inputs[0]), padding=pairs, mode=mode)), ["Padding"]
    )


def test_a_transpose_that_nothing_undoes_stays_in_front_of_padding() -> None:
    net = _Net((2, 3, 5, 6))
    net.check(net.add("Padding", _last(net, net.inputs[0]), padding=((0, 1),) * 4), ["Dimshuffle", "Padding"])


def test_operands_of_several_sums_are_not_transposed() -> None:
    """Of a network with channels last: a sum, its largest number for each channel, and a sum that this scales."""
    net = _Net((2, 3, 5, 6), (2, 3, 5, 6))
    x, y = (_last(net, given) for given in net.inputs)
    total = _first(net, net.add("Elemwise", x, y, mode="add"))
    most = net.add("Reduce", net.add("Reduce", total, mode="max", axis=2), mode="max", axis=3)
    scaled = net.add("Elemwise", x, _last(net, most), mode="mul")
    result = _first(net, net.add("Elemwise", scaled, y, mode="add"))
    net.check(result, ["Elemwise", "Reduce", "Reduce", "Elemwise", "Elemwise"])


def test_channels_that_padding_adds_to_a_residual_are_not_transposed() -> None:
    net = _Net((2, 3, 5, 6), (2, 4, 5, 6))
    padded = net.add("Padding", _last(net, net.inputs[0]), padding=((0, 0), (0, 0), (0, 0), (0, 1)))
    total = net.add("Elemwise", padded, _last(net, net.inputs[1]), mode="add")
    net.check(_first(net, net.add("Elemwise", total, mode="relu")), ["Padding", "Elemwise", "Elemwise"])
