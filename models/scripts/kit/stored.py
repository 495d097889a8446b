"""Model folders of files that are taken as their packages have them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mgecc.config import format_config, save_cases

from kit.command import MODELS, Model, copy_notices

Arrays = Mapping[str, np.ndarray]


def publish_file(
    model: Model, file: Path, sha256: str, cases: Arrays, expected: Sequence[np.ndarray], out: Path
) -> None:
    """Write ``out/<name>``: the model file, cases by input name and expected outputs by position, all stacked.

    Raises ValueError if the file has another SHA-256 than the notices say.
    """
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != sha256:
        raise ValueError(f"{file} has the SHA-256 {found}")
    folder = out / model.name
    folder.mkdir(parents=True, exist_ok=True)
    stored = f"{model.name}{file.suffix}"
    shutil.copyfile(file, folder / stored)
    save_cases(folder / "inputs.npz", {f"in.{name}": value for name, value in cases.items()})
    save_cases(folder / "expected.npz", {f"out.{k}": value for k, value in enumerate(expected)})
    values: dict[str, Any] = {"model": stored} | {k: v for k, v in model.config.items() if k != "verify"}
    if model.labels:
        (folder / "labels.txt").write_text("\n".join(model.labels) + "\n", encoding="utf-8", newline="\n")
        values["labels"] = "labels.txt"
    values["verify"] = {"inputs": "inputs.npz", "expected": "expected.npz", **model.config.get("verify", {})}
    (folder / "model.yaml").write_text(format_config(values), encoding="utf-8", newline="\n")
    copy_notices(MODELS / model.name, folder)


def onnx_stream(file: Path, frames: np.ndarray, state: np.ndarray, **constants: np.ndarray) -> np.ndarray:
    """First outputs of an ONNX file over consecutive ``frames``; the second one is the next run's ``state``."""
    import onnxruntime  # type: ignore[import-not-found]

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    results = []
    for frame in frames:
        result, state = session.run(None, {"input": frame, "state": state, **constants})
        results.append(result)
    return np.stack(results)


def micro_outputs(file: Path, cases: np.ndarray) -> np.ndarray:
    """First outputs of a TensorFlow Lite file for consecutive runs of one interpreter of TensorFlow Lite Micro."""
    from tflite_micro.python.tflite_micro import runtime  # type: ignore[import-not-found]

    interpreter = runtime.Interpreter.from_file(str(file))
    results = []
    for case in cases:
        interpreter.set_input(case, 0)
        interpreter.invoke()
        results.append(interpreter.get_output(0).copy())
    return np.stack(results)
