"""Model files of ONNX and TensorFlow Lite as they are, with the inputs that lie beside them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from mgecc.config import ModelConfig, Verify, load_side
from mgecc.lowering import load_graph
from mgecc.toolrun.open_inputs import as_recorded

SUFFIXES = (".onnx", ".tflite")


def is_model_file(name: str) -> bool:
    return Path(name).suffix in SUFFIXES


def config_of_file(path: Path) -> ModelConfig:
    """A configuration with the shapes of inputs.npz beside the file, or without one with the file's own."""
    name = (path.stem if path.stem != "model" else path.resolve().parent.name).replace("-", "_")
    recorded = path.with_name("inputs.npz")
    config = ModelConfig(path, name, path, verify=Verify(inputs=recorded if recorded.is_file() else None))
    return as_recorded(config, load_side(recorded, "in"))[0] if recorded.is_file() else config


def prepare_file(config: ModelConfig, folder: Path) -> None:
    """Put the file as model.SUFFIX and its first recorded case, or random numbers, as inputs.npz into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in SUFFIXES:
        (folder / f"model{suffix}").unlink(missing_ok=True)
    shutil.copyfile(config.model, folder / f"model{config.model.suffix}")
    np.savez(folder / "inputs.npz", **_first_case(config))


def _first_case(config: ModelConfig) -> dict[str, np.ndarray]:
    if config.verify.inputs:
        arrays = load_side(config.verify.inputs, "in")
        return {key.removeprefix("in."): array[0] for key, array in arrays.items()}
    random, found = np.random.default_rng(0), {}
    for value in load_graph(replace(config, state={})).given_inputs:
        numbers = random.integers(0, 2, value.type.shape)
        floats = random.random(value.type.shape, np.float32)
        kind = value.type.dtype.numpy
        found[value.name] = floats.astype(kind) if kind.kind == "f" else numbers.astype(kind)
    return found
