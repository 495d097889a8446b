"""Convolutions of files become plain ones: parameters in our words, weights turned and laid out as ours are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mge_writer import MgeFile
from mgecc import interpret
from mgecc.frontends.mge.formats import BLOCKS, layout_of
from mgecc.frontends.mge.importer import import_mge
from mgecc.graph import CompileError, Graph
from mgecc.ops import layout
from mgecc.ops.convolution import ConvBiasAttrs, ConvolutionAttrs
from mgecc.ops.convolution3d import Convolution3DAttrs

# format, sparse, layout of the weights, number of groups, channels in, channels out per group
LAYOUTS = [
    ("NHWC", "DENSE", "ohwi", 1, 3, 5),
    ("NHWC", "GROUP", "gohwi", 2, 3, 4),
    ("NCHW44", "DENSE", "oihwIO", 1, 8, 4),
    ("NCHW44", "GROUP", "goihwIO", 2, 4, 8),
    ("NCHW44", "GROUP", "goihwG", 8, 1, 1),
    ("NCHW44_DOT", "DENSE", "oihwOI", 1, 8, 4),
    ("NCHW44_DOT", "GROUP", "goihwOI", 2, 4, 4),
    ("NCHW88", "DENSE", "oihwIO", 1, 8, 16),
    ("NCHW88", "GROUP", "goihwG", 16, 1, 1),
    ("NCHW4", "DENSE", "oihwI", 1, 8, 4),
    ("NCHW4", "GROUP", "goihwI", 2, 4, 8),
    ("NCHW32", "DENSE", "oihwI", 1, 32, 32),
    ("CHWN4", "DENSE", "ihwoI", 1, 8, 4),
]


MOVES = {"stride_h": 2, "stride_w": 3, "pad_h": 1, "dilate_w": 2}
RNG = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def graph_of(kind: str, operands: list[np.ndarray], inputs: tuple[int, ...] = (0,), **params: Any) -> Graph:
    """One record, whose operands at ``inputs`` are inputs of the model, called after their position."""
    m = MgeFile()
    values = [
        m.input(f"x{i}", *a.shape) if i in inputs else m.constant(a, f"k{i}") for i, a in enumerate(operands)
    ]
    return import_mge(m.bytes(m.record(kind, values, "y", **params)), "net.mge")


def result(
    kind: str, operands: list[np.ndarray], inputs: tuple[int, ...] = (0,), **params: Any
) -> np.ndarray:
    graph = graph_of(kind, operands, inputs, **params)
    return interpret.run(graph, {f"x{i}": operands[i] for i in inputs})[0]


def test_parameters_become_attributes() -> None:
    (node,) = graph_of(
        "ConvBiasForward", [floats(1, 2, 9, 9), floats(3, 2, 3, 3)], nonlineMode="RELU", **MOVES
    ).nodes
    moves = (2, 3), ((1, 1), (0, 0)), (1, 2)
    assert node.attrs == ConvBiasAttrs(*moves, activation=("relu",))
    halves = [floats(1, 4, 9, 9), floats(2, 3, 2, 3, 3)]
    (node,) = graph_of("Convolution", halves, sparse="GROUP", compute_mode="FLOAT32", **MOVES).nodes
    assert node.attrs == ConvolutionAttrs(*moves, groups=2, wide_sums=True)
    assert (node.inputs[1].shape, node.inputs[1].name) == ((6, 2, 3, 3), "k1")
    (node,) = graph_of(
        "Convolution3D", [floats(1, 2, 4, 4, 4), floats(3, 2, 1, 1, 1)], stride_d=2, pad_w=1
    ).nodes
    assert node.attrs == Convolution3DAttrs((2, 1, 1), ((0, 0), (0, 0), (1, 1)))


@pytest.mark.parametrize(("data_format", "sparse", "weights", "groups", "ins", "outs"), LAYOUTS)
def test_convolution_in_a_stored_layout_equals_the_plain_one(
    data_format: str, sparse: str, weights: str, groups: int, ins: int, outs: int
) -> None:
    x, w, b = floats(2, groups * ins, 5, 6), floats(groups, outs, ins, 3, 3), floats(1, groups * outs, 1, 1)
    params = {"pad_h": 1, "stride_w": 2, "nonlineMode": "RELU"}
    plain = result("ConvBiasForward", [x, w, b], sparse="GROUP", **params)
    block, word = BLOCKS[data_format], layout_of(data_format, 4 if data_format == "NHWC" else 5)
    stored = [
        layout.pack(x, word, block),
        layout.pack(w, weights, block, "goihw"),
        layout.pack(b, word, block),
    ]
    got = result("ConvBiasForward", stored, format=data_format, sparse=sparse, **params)
    np.testing.assert_allclose(layout.unpack(got, word), plain, rtol=1e-5, atol=1e-5)


def test_the_first_layer_reads_plain_data_and_writes_blocks() -> None:
    x, w = floats(1, 3, 5, 5), floats(8, 3, 3, 3)
    operands = [x, layout.pack(w, "ohwiO", 4, "oihw")]
    graph = graph_of("Convolution", operands, format="NCHW44")
    assert [node.op for node in graph.nodes] == ["Convolution", "Reshape", "Dimshuffle"]
    assert {(node.name, node.origin) for node in graph.nodes} == {("y", graph.nodes[0].origin)}
    (got,) = interpret.run(graph, {"x0": x})
    assert got.shape == (1, 2, 3, 3, 4)
    plain = result("Convolution", [x, w])
    np.testing.assert_allclose(layout.unpack(got, "nchwC"), plain, rtol=1e-5, atol=1e-5)


TURNED: list[tuple[str, list[tuple[int, ...]], int, tuple[int, ...], dict[str, Any]]] = [
    ("Convolution", [(1, 2, 6, 6), (3, 2, 3, 2)], 1, (2, 3), {}),
    ("Convolution", [(1, 4, 6, 6), (2, 3, 2, 3, 2)], 1, (3, 4), {"sparse": "GROUP"}),
    ("ConvBiasForward", [(1, 2, 6, 6), (3, 2, 3, 2)], 1, (2, 3), {"nonlineMode": "RELU"}),
    ("BatchConvBiasForward", [(2, 2, 6, 6), (2, 3, 2, 3, 2)], 1, (3, 4), {}),
    ("ConvolutionBackwardData", [(2, 3, 3, 2), (1, 2, 4, 4)], 0, (2, 3), {"stride_h": 2}),
    ("Convolution3D", [(1, 2, 4, 5, 6), (3, 2, 2, 3, 2)], 1, (2, 3, 4), {}),
    ("Convolution3DBackwardData", [(2, 2, 3, 2, 3, 2), (1, 4, 2, 3, 3)], 0, (3, 4, 5), {"sparse": "GROUP"}),
    ("LocalV2", [(1, 2, 4, 4), (3, 2, 2, 2, 3, 4)], 1, (3, 4), {}),
    ("GroupLocalV2", [(1, 4, 4, 4), (2, 3, 2, 2, 2, 3, 4)], 1, (4, 5), {}),
    ("LocalShareForward", [(1, 2, 4, 5), (1, 2, 2, 2, 2, 4)], 1, (3, 4), {}),
    ("DeformableConvForward", [(1, 2, 4, 4), (3, 2, 2, 3), (1, 12, 3, 2), (1, 6, 3, 2)], 1, (2, 3), {}),
]


@pytest.mark.parametrize("computed", [False, True])
@pytest.mark.parametrize(("kind", "shapes", "position", "axes", "params"), TURNED)
def test_weights_of_mode_convolution_are_turned(
    kind: str,
    shapes: list[tuple[int, ...]],
    position: int,
    axes: tuple[int, ...],
    params: Any,
    computed: bool,
) -> None:
    operands = [floats(*shape) for shape in shapes]
    inputs = tuple(i for i in range(len(shapes)) if i != position or computed)
    got = result(kind, operands, inputs, mode="CONVOLUTION", **params)
    operands[position] = np.ascontiguousarray(np.flip(operands[position], axes))
    want = result(kind, operands, inputs, **params)
    np.testing.assert_array_equal(got, want)
    assert np.abs(result(kind, operands, inputs, mode="CONVOLUTION", **params) - want).max() > 0.01


PLAIN = [(1, 3, 5, 5), (2, 3, 3, 3)]


@pytest.mark.parametrize(
    ("kind", "shapes", "params", "why"),
    [
        (
            "Convolution",
            PLAIN,
            {"stride_h": 0},
            r"its parameter stride is \(0, 1\), numbers from 1 to 1048576 are",
        ),
        ("Convolution", PLAIN, {"pad_w": 1 << 30}, "its parameter padding is"),
        ("Convolution", PLAIN, {"mode": 7}, "the convolution mode 7 is not known"),
        ("ConvBiasForward", PLAIN, {"nonlineMode": 9}, "the activation 9 is not known"),
        ("Convolution", PLAIN, {"format": "NHWCD4"}, "the layout NHWCD4 is meant for image memory"),
        ("Convolution", PLAIN, {"format": 99}, "the layout 99 is not supported"),
        ("Convolution", PLAIN, {"sparse": "GROUP"}, "GROUP weights of rank 4 in the layout NCHW"),
        ("Convolution", PLAIN, {"sparse": 9}, "9 weights of rank 4 in the layout NCHW"),
        ("LocalV2", PLAIN, {}, "do not fit a local convolution"),
        ("LocalV2", [(1, 2, 4, 4), (1, 3, 2, 2, 2, 3, 4)], {}, "do not fit a local convolution"),
        (
            "BatchConvBiasForward",
            [(2, 2, 6, 6), (2, 3, 2, 3, 2)],
            {"sparse": "GROUP"},
            "grouped weights per batch",
        ),
        (
            "ConvolutionBackwardData",
            PLAIN,
            {"format": "NHWC"},
            "in the layout NHWC is not supported; use NCHW",
        ),
        ("Convolution3D", PLAIN, {}, "do not fit a 3-D convolution"),
    ],
)
def test_other_records_are_refused(
    kind: str, shapes: list[tuple[int, ...]], params: dict[str, Any], why: str
) -> None:
    with pytest.raises(CompileError, match=why):
        graph_of(kind, [floats(*shape) for shape in shapes], **params)
