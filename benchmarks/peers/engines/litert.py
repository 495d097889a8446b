"""LiteRT, CPU by XNNPACK; the model as tflite_of.py writes it, images with channels last."""

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
    tflite_of.main(folder)


def load(folder: Path, inputs: dict[str, np.ndarray]) -> Callable[[], np.ndarray]:
    net = Interpreter(model_path=str(folder / "model.tflite"), num_threads=1)
    net.allocate_tensors()
    given = [
        (each["index"], np.ascontiguousarray(array.transpose(tflite_of.last(array.ndim))))
        for each, array in zip(net.get_input_details(), inputs.values(), strict=True)
    ]
    result = net.get_output_details()[0]
    order = np.argsort(tflite_of.last(len(result["shape"])))

    def run() -> np.ndarray:
        for index, array in given:
            net.set_tensor(index, array)
        net.invoke()
        return net.get_tensor(result["index"]).transpose(order)

    return run
