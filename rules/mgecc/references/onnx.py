"""ONNX Runtime where it is installed, else the reference evaluator of the package onnx."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mgecc.frontends.onnx import recognises
from mgecc.references.engine import Arrays, Engine, EngineError, Results

_Dims = tuple[int | str, ...]
_Run = Callable[[dict[str, np.ndarray]], Results]


def open_model(path: Path, every: bool) -> Engine:
    """Load an ONNX file. Raises EngineError for another one."""
    from mgecc.frontends.onnx.inputs import declared_inputs  # loads onnx

    data = path.read_bytes()
    if not recognises(data):
        raise EngineError(f"{path}: not an ONNX file, ONNX Runtime runs no other")
    declared = declared_inputs(data)
    make = _by_runtime if importlib.util.find_spec("onnxruntime") else _by_evaluator
    run = _guarded(path, lambda: make(path, every))()

    def one(inputs: Arrays) -> Results:
        given = {name: _stored(value, *declared[name]) for name, value in inputs.items()}
        results: Results = _guarded(path, lambda: run(given))()
        return results

    return Engine(frozenset(declared), one)


def _guarded(path: Path, work: Callable[[], Any]) -> Callable[[], Any]:
    def guarded() -> Any:
        try:
            return work()
        except Exception as error:  # noqa: BLE001 -- whatever they raise
            why = " ".join(str(error).split())[:300]
            raise EngineError(f"{path.name} cannot be run: {why}") from None

    return guarded


def _stored(value: Any, dims: _Dims, dtype: np.dtype) -> np.ndarray:
    """In the type and rank of the file; a number alone fills an input."""
    array = np.asarray(value, dtype)
    if array.ndim == 0 and dims:
        return np.full([int(n) for n in dims], array)
    return array.reshape(()) if not dims and array.size == 1 else array


def _by_runtime(path: Path, every: bool) -> _Run:
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    model: Any = str(path)
    if every:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        model = _with_all_outputs(path)
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(inputs: dict[str, np.ndarray]) -> Results:
        found = session.run(None, inputs)
        tensors = {n: v for n, v in zip(names, found) if isinstance(v, np.ndarray)}
        return Results(found, tensors if every else {})

    return run


def _with_all_outputs(path: Path) -> bytes:
    """The model with what each node gives as an output, behind its own."""
    import onnx  # takes a third of a second to load

    model = onnx.load(path)
    known = {output.name for output in model.graph.output}
    names = dict.fromkeys(name for node in model.graph.node for name in node.output if name)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    data: bytes = model.SerializeToString()
    return data


def _by_evaluator(path: Path, every: bool) -> _Run:
    from onnx.reference import ReferenceEvaluator  # takes a second to load

    evaluator = ReferenceEvaluator(str(path))

    def run(inputs: dict[str, np.ndarray]) -> Results:
        if not every:
            return Results([np.asarray(output) for output in evaluator.run(None, inputs)])
        found: Any = evaluator.run(None, inputs, intermediate=True)
        tensors = {n: np.asarray(v) for n, v in found.items() if n and isinstance(v, np.ndarray | np.generic)}
        return Results([np.asarray(found[name]) for name in evaluator.output_names], tensors)

    return run
