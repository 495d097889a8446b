"""Compiling takes at most three times a model's size of memory beyond what the smallest model takes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mge_files import MgeFile
from tflite_writer import TfliteFile

MEGABYTE = 1 << 20
SIZE = 32 * MEGABYTE
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


def peak(model: bytes, target: str, folder: Path) -> int:
    """The most bytes that a process had which compiled the model; of its own, rusage counts its parent's, too."""
    (folder / "large.mge").write_bytes(model)
    command = [sys.executable, "-c", COMPILE, str(folder / "large.mge"), target, str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) * 1024


@pytest.mark.parametrize("target", ["arm64", "arm64v7"])
@pytest.mark.parametrize("kind", [products, scaled_convolutions, transposed_convolutions])
def test_compiling_takes_three_times_the_size_of_the_model_at_most(
    kind: Callable[[int], bytes], target: str, tmp_path: Path
) -> None:
    least, large = peak(kind(0), target, tmp_path), kind(SIZE)
    assert len(large) > 0.9 * SIZE
    taken = (peak(large, target, tmp_path) - least) / len(large)
    assert taken < 3
