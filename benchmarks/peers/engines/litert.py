"""LiteRT, CPU by XNNPACK: a TensorFlow Lite file as it is, others as tflite_of.py writes them, channels last."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tflite_of
from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-not-found]


def version() -> str:
    return importlib.metadata.version("ai-edge-litert")


def convert(folder: Path) -> None:
    if not _as_it_is(folder):
        tflite_of.main(folder)


def _as_it_is(folder: Path) -> bool:
    return not (folder / "model.onnx").exists()


def load(folder: Path, inputs: dict[str, np.ndarray]) -> Callable[[], np.ndarray]:
    net = Interpreter(model_path=str(folder / "model.tflite"), num_threads=1)
    net.allocate_tensors()
    result = net.get_output_details()[0]
    if _as_it_is(folder):
        order = np.arange(len(result["shape"]))
        given = [(each["index"], _named(each["name"], inputs)) for each in net.get_input_details()]
    else:
        order = np.argsort(tflite_of.last(len(result["shape"])))
        given = [
            (each["index"], np.ascontiguousarray(array.transpose(tflite_of.last(array.ndim))))
            for each, array in zip(net.get_input_details(), inputs.values(), strict=True)
        ]

    def run() -> np.ndarray:
        for index, array in given:
            net.set_tensor(index, array)
        net.invoke()
        return net.get_tensor(result["index"]).transpose(order)

    return run


def _named(name: str, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """By the tensor's name; a signature may call the only input otherwise."""
    return inputs[name] if name in inputs else next(iter(inputs.values()))
