"""ncnn, CPU, float32 arithmetic; converted by pnnx, weights as float32."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path

import ncnn  # type: ignore[import-not-found]
import numpy as np

_KINDS = {"float32": "f32", "int32": "i32", "int64": "i64"}


def version() -> str:
    return str(ncnn.__version__)


def convert(folder: Path) -> None:
    """Write model.ncnn.param and model.ncnn.bin."""
    found = importlib.util.find_spec("pnnx")
    if found is None or not found.submodule_search_locations:
        raise ImportError("pnnx, the converter, is not installed")
    tool = Path(found.submodule_search_locations[0], "pnnx").resolve()
    inputs = np.load(folder / "inputs.npz").values()
    shapes = ",".join(f"[{','.join(map(str, array.shape))}]{_KINDS[array.dtype.name]}" for array in inputs)
    command = [str(tool), "model.onnx", "fp16=0", f"inputshape={shapes}"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def load(folder: Path, inputs: dict[str, np.ndarray]) -> Callable[[], np.ndarray]:
    net = ncnn.Net()
    net.opt.num_threads = 1
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    net.load_param(str(folder / "model.ncnn.param"))
    net.load_model(str(folder / "model.ncnn.bin"))
    given = [
        (name, ncnn.Mat(np.ascontiguousarray(array[0])).clone())
        for name, array in zip(net.input_names(), inputs.values())
    ]

    def run() -> np.ndarray:
        extractor = net.create_extractor()
        for name, matrix in given:
            extractor.input(name, matrix)
        # All of them: ncnn computes what is asked for only.
        first, *_ = [extractor.extract(name)[1] for name in net.output_names()]
        return first

    return run
