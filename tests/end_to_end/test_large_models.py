"""Compiling takes at most three times a model's size of memory beyond what the smallest model takes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from mge_files import MgeFile
from onnx import helper, numpy_helper
from tflite_writer import TfliteFile

MEGABYTE = 1 << 20
SIZE = 64 * MEGABYTE
COMPILE = """
import re, sys
from mgecc import cli
model, target, folder = sys.argv[1:]
assert cli.main(["compile", model, "--target", target, "--no-library", "--out", folder]) == 0
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def products(size: int) -> bytes:
    """One product, whose matrix is all there is, of so many bytes."""
    model, rng = MgeFile(), np.random.default_rng(0)
    matrix = rng.standard_normal((1024, max(1, size // 4096)), dtype="f4")
    y = model.record("MatrixMulV2", [model.input("x", 1, 1024), model.constant(matrix)], transposeA=False)
    return model.bytes(y)


def scaled_convolutions(size: int) -> bytes:
    """Eight convolutions whose weights the compiler computes anew, as those of batch normalisations."""
    model, rng = MgeFile(), np.random.default_rng(0)
    channels = max(16, int((size / 8 / 4 / 9) ** 0.5) // 16 * 16)
    ones = {"pad_h": 1, "pad_w": 1, "stride_h": 1, "stride_w": 1, "dilate_h": 1, "dilate_w": 1}
    y = model.input("x", 1, channels, 8, 8)
    for _ in range(8):
        weights = model.constant(rng.standard_normal((channels, channels, 3, 3), dtype="f4"))
        factor = model.constant(rng.standard_normal((1, channels, 1, 1), dtype="f4"))
        y = model.record("ConvolutionV2", [y, weights], **ones)
        y = model.record("Elemwise", [y, factor], mode="MUL")
    return model.bytes(y)


def transposed_convolutions(size: int) -> bytes:
    """Eight convolutions of a TensorFlow Lite file, whose weights are stored in another order of their axes."""
    model, rng = TfliteFile(), np.random.default_rng(0)
    channels = max(16, int((size / 8 / 4 / 9) ** 0.5) // 16 * 16)
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    y = model.input("x", [1, 8, 8, channels])
    for _ in range(8):
        weights = model.constant(rng.standard_normal((channels, 3, 3, channels), dtype="f4"))
        bias = model.constant(rng.standard_normal(channels, dtype="f4"))
        x, y = y, model.tensor([1, 8, 8, channels])
        model.op("CONV_2D", [x, weights, bias], y, options=("Conv2DOptions", options))
    return model.bytes(y)


def fully_connected(size: int) -> bytes:
    """One product of a TensorFlow Lite file, whose matrix is stored by columns."""
    model, count = TfliteFile(), max(1, size // 4096)
    matrix = np.random.default_rng(0).standard_normal((count, 1024), dtype="f4")
    x, y = model.input("x", [1, 1024]), model.tensor([1, count])
    options = ("FullyConnectedOptions", dict[str, Any]())
    model.op("FULLY_CONNECTED", [x, model.constant(matrix), -1], y, options=options)
    return model.bytes(y)


def onnx_products(size: int) -> bytes:
    """One product of an ONNX file."""
    matrix = np.random.default_rng(0).standard_normal((1024, max(1, size // 4096)), dtype="f4")
    product = helper.make_node("MatMul", ["x", "w"], ["y"])
    return _onnx([product], {"w": matrix}, [1, 1024], [1, matrix.shape[1]])


def constant_nodes(size: int) -> bytes:
    """One product of an ONNX file, whose matrix is a node's."""
    matrix = np.random.default_rng(0).standard_normal((1024, max(1, size // 4096)), dtype="f4")
    constant = helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(matrix))
    product = helper.make_node("MatMul", ["x", "w"], ["y"])
    return _onnx([constant, product], {}, [1, 1024], [1, matrix.shape[1]])


def normalised_convolutions(size: int) -> bytes:
    """Eight convolutions of an ONNX file with batch normalisations, by which the compiler multiplies their weights."""
    rng, nodes, constants = np.random.default_rng(0), [], {}
    channels = max(16, int((size / 8 / 4 / 9) ** 0.5) // 16 * 16)
    for k in range(8):
        names = [f"{name}{k}" for name in ("scale", "bias", "mean", "variance")]
        constants |= {name: rng.random(channels, dtype="f4") + 1 for name in names}
        constants[f"w{k}"] = rng.standard_normal((channels, channels, 3, 3), dtype="f4")
        nodes.append(helper.make_node("Conv", [f"x{k}", f"w{k}"], [f"y{k}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("BatchNormalization", [f"y{k}", *names], [f"x{k + 1}"]))
    nodes[0].input[0], nodes[-1].output[0] = "x", "y"
    return _onnx(nodes, constants, [1, channels, 8, 8], [1, channels, 8, 8])


def _onnx(nodes: list[Any], constants: dict[str, np.ndarray], x: list[int], y: list[int]) -> bytes:
    """An ONNX file with one input x and one output y of these shapes."""
    kept = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    ends = [[helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, d)] for n, d in (("x", x), ("y", y))]
    graph = helper.make_graph(nodes, "large", *ends, kept)
    opsets = [helper.make_opsetid("", 13)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


KINDS = [
    products, scaled_convolutions, fully_connected, transposed_convolutions, onnx_products, constant_nodes,
    normalised_convolutions,
]  # fmt: skip


def peak(model: bytes, target: str, folder: Path) -> int:
    """The most bytes that a process had which compiled the model; of its own, rusage counts its parent's, too."""
    (folder / "large.mge").write_bytes(model)
    command = [sys.executable, "-c", COMPILE, str(folder / "large.mge"), target, str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) * 1024


@pytest.mark.parametrize("target", ["arm64", "arm64v7"])
@pytest.mark.parametrize("kind", KINDS)
def test_compiling_takes_three_times_the_size_of_the_model_at_most(
    kind: Callable[[int], bytes], target: str, tmp_path: Path
) -> None:
    least, large = peak(kind(0), target, tmp_path), kind(SIZE)
    assert len(large) > 0.9 * SIZE
    taken = (peak(large, target, tmp_path) - least) / len(large)
    assert taken < 3
