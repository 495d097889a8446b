"""OpenVINO, CPU, float32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino  # type: ignore[import-not-found]

HINTS = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
HINTS |= {"PERFORMANCE_HINT": "LATENCY", "ENABLE_CPU_PINNING": False}


def version() -> str:
    return str(openvino.__version__).split("-")[0]


def load(folder: Path, inputs: dict[str, np.ndarray]) -> Callable[[], np.ndarray]:
    core = openvino.Core()
    network = core.read_model(str(folder / "model.onnx"))
    network.reshape({name: list(array.shape) for name, array in inputs.items()})
    request = core.compile_model(network, "CPU", HINTS).create_infer_request()
    for name, array in inputs.items():
        request.set_tensor(name, openvino.Tensor(array))

    def run() -> np.ndarray:
        request.infer()
        return request.get_output_tensor(0).data

    return run
