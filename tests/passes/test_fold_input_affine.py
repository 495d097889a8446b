"""Normalisation in front of a convolution moves into it, exactly as far as padding allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from mgecc.graph import Graph, Node, TensorType, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import FLOAT32
from mgecc.interpret import run
from mgecc.ops.convolution import ConvolutionAttrs
from mgecc.ops.elemwise import mode_of
from mgecc.ops.shapes import DimshuffleAttrs
from mgecc.passes import optimize
from mgecc.passes.build import constant, elemwise, node_like

RNG = np.random.default_rng(7)
START = Node("start", "start", NoAttrs(), [])
Step = tuple[str, np.ndarray]


def vector(count: int, axis: int = 1) -> np.ndarray:
    shape = [1] * 4
    shape[axis] = count
    return (RNG.random(count) * 3 + 0.5).astype(np.float32).reshape(shape)


def network(
    shape: Sequence[int], steps: Sequence[Step], pad: int = 0, groups: int = 1, turn: bool = False
) -> Graph:
    """x, the steps, a transpose to NCHW if ``turn``, a convolution to 4 channels, RELU."""
    value = first = Value("x", TensorType(tuple(shape), FLOAT32))
    nodes = []
    for number, (mode, numbers) in enumerate(steps):
        named = Node(mode, f"{mode}{number}", NoAttrs(), [])
        nodes.append(elemwise(named, mode, value, constant(f"c{number}", numbers, FLOAT32)))
        value = nodes[-1].output
    if turn:
        order = DimshuffleAttrs((0, 3, 1, 2))
        nodes.append(node_like(START, "Dimshuffle", order, [value], "turn"))
        value = nodes[-1].output
    channels = value.shape[1]
    attrs = ConvolutionAttrs(padding=((pad, pad), (pad, pad)), groups=groups)
    array = RNG.standard_normal((4, channels // groups, 3, 3)).astype(np.float32)
    nodes.append(node_like(START, "Convolution", attrs, [value, constant("w", array, FLOAT32)], "conv"))
    nodes.append(elemwise(Node("relu", "relu", NoAttrs(), []), "relu", nodes[-1].output))
    return Graph("g", [first], nodes, [("y", nodes[-1].output)])


def optimised(graph: Graph) -> list[str]:
    """Operators after all passes; the results must be those of before."""
    x = {"x": (RNG.random(graph.inputs[0].shape) * 255).astype(np.float32)}
    (want,) = run(graph, x)
    optimize(graph)
    (got,) = run(graph, x)
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-6 * max(np.abs(want).max(), 1))
    return [mode_of(node) or node.op for node in graph.nodes]


NORMALISE = ("sub", "true_div"), ("mul", "add"), ("add", "mul"), ("mul", "sub"), ("true_div", "add", "mul")


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("modes", NORMALISE)
def test_without_padding_all_of_it_moves_into_the_convolution(modes: tuple[str, ...], groups: int) -> None:
    graph = network((1, 4, 6, 7), [(mode, vector(4)) for mode in modes], groups=groups)
    assert optimised(graph) == ["ConvBias"]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("modes", NORMALISE)
def test_with_padding_one_addition_stays(modes: tuple[str, ...], groups: int) -> None:
    graph = network((2, 4, 5, 5), [(mode, vector(4)) for mode in modes], pad=1, groups=groups)
    assert optimised(graph) in (["add", "ConvBias"], ["sub", "ConvBias"])


def test_with_padding_a_scale_leaves_nothing() -> None:
    assert optimised(network((1, 3, 5, 5), [("mul", vector(3))], pad=1)) == ["ConvBias"]


@pytest.mark.parametrize("pad", [0, 1])
def test_channels_are_found_through_a_transpose(pad: int) -> None:
    steps = [("sub", vector(3, axis=3)), ("true_div", vector(3, axis=3))]
    stays = ["sub"] if pad else []
    assert optimised(network((1, 6, 5, 3), steps, pad=pad, turn=True)) == [*stays, "Dimshuffle", "ConvBias"]


def test_one_number_for_all_channels_moves_too() -> None:
    steps = [("sub", np.float32([127.5])), ("mul", np.float32([1 / 127.5]))]
    assert optimised(network((1, 3, 5, 5), steps)) == ["ConvBias"]


def test_numbers_along_other_axes_stay() -> None:
    steps = [("add", RNG.random((1, 1, 6, 1)).astype(np.float32))]
    assert optimised(network((1, 3, 6, 5), steps)) == ["add", "ConvBias"]


def test_what_others_read_as_well_stays() -> None:
    graph = network((1, 3, 5, 5), [("add", vector(3))])
    graph.outputs.append(("shifted", graph.nodes[0].output))
    before = [node.op for node in graph.nodes]
    optimize(graph)
    assert before[0] == "Elemwise" and [node.op for node in graph.nodes] == ["Elemwise", "ConvBias"]


def test_a_scale_of_zero_with_a_shift_keeps_the_shift() -> None:
    zero = vector(3)
    zero[0, 1] = 0
    assert "ConvBias" in optimised(network((1, 3, 5, 5), [("mul", zero), ("add", vector(3))], pad=1))
