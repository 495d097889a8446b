"""LiteRT (TensorFlow Lite) with its reference kernels."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from mgecc.frontends.tflite import recognises
from mgecc.references.engine import Arrays, Engine, EngineError, EngineMissing, Results


def open_model(path: Path, every: bool) -> Engine:
    """Load a TensorFlow Lite file. Raises EngineMissing and EngineError."""
    try:
        package = importlib.import_module("ai_edge_litert.interpreter")
    except ImportError:
        raise EngineMissing("LiteRT is not installed: pip install ai-edge-litert") from None
    if not recognises(path.read_bytes()):
        raise EngineError(f"{path}: not a TensorFlow Lite file, LiteRT runs no other")
    try:
        interpreter = package.Interpreter(
            str(path),
            experimental_op_resolver_type=package.OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=every,
            num_threads=1,
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise EngineError(f"{path.name} cannot be run: {' '.join(str(error).split())[:300]}") from None
    inputs = {row["name"]: row for row in interpreter.get_input_details()}

    def run(given: Arrays) -> Results:
        for name, value in given.items():
            row = inputs[name]
            interpreter.set_tensor(row["index"], np.asarray(value, row["dtype"]).reshape(row["shape"]))
        interpreter.invoke()
        outputs = [interpreter.get_tensor(row["index"]).copy() for row in interpreter.get_output_details()]
        return Results(outputs, _tensors(interpreter) if every else {})

    return Engine(frozenset(inputs), run, channels_last=True)


def _tensors(interpreter: Any) -> dict[str, np.ndarray]:
    """All that were computed, as real numbers."""
    found = {}
    for row in interpreter.get_tensor_details():
        try:
            array = interpreter.get_tensor(row["index"])
        except ValueError:  # has no data: the operator that makes it is a part of another one
            continue
        scales, zeros = (row["quantization_parameters"][key] for key in ("scales", "zero_points"))
        if len(scales) == 1:
            array = (array.astype(np.float64) - zeros[0]) * scales[0]
        found[row["name"]] = np.array(array)
    return found
