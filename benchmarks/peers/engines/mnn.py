"""MNN, CPU, float32; converted by its own mnnconvert."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import MNN  # type: ignore[import-not-found]
import numpy as np


def version() -> str:
    return importlib.metadata.version("MNN")


def convert(folder: Path) -> None:
    """Write model.mnn: what mnnconvert does, but for the package for sending logs that it would install."""
    arguments = ["mnnconvert", "-f", "ONNX", "--modelFile", "model.onnx", "--MNNModel", "model.mnn"]
    program = "import sys, _tools; _tools.mnnconvert(sys.argv[1:])"
    command = [sys.executable, "-c", program, *arguments, "--bizCode", "x"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def load(folder: Path, inputs: dict[str, np.ndarray]) -> Callable[[], np.ndarray]:
    net = MNN.Interpreter(str(folder / "model.mnn"))
    session = net.createSession({"numThread": 1, "backend": "CPU", "precision": "high"})
    for name, array in inputs.items():
        net.resizeTensor(net.getSessionInput(session, name), array.shape)
    net.resizeSession(session)
    given = [
        (net.getSessionInput(session, name), MNN.Tensor(array.shape, MNN.Halide_Type_Float, array, 1))
        for name, array in inputs.items()
    ]
    result = net.getSessionOutput(session)
    held = np.zeros(result.getShape(), np.float32)
    copy = MNN.Tensor(held.shape, MNN.Halide_Type_Float, held, 1)

    def run() -> np.ndarray:
        for to, array in given:
            to.copyFrom(array)
        net.runSession(session)
        result.copyToHostTensor(copy)
        return copy.getNumpyData()

    return run
