"""Prints digests of what the meanings compute and of what is compiled; test_same_bits.py compares them.

A model counts where it has an operator, or a mode of one, that those before it have not: models of the corpus, then
the networks of the ONNX and TensorFlow Lite front ends' tests. The first argument is a folder that the tests of a run
share; others name the models that count, as a run before has found them: reading them all takes most of the time.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).resolve().parents[1]
FRONTENDS = TESTS / "frontends"
sys.path[:0] = [str(FRONTENDS), str(FRONTENDS / "onnx"), str(FRONTENDS / "tflite"), str(TESTS / "common")]

import backend
from mge_writer import MgeFile
from mgecc import frontends, interpret, ops
from mgecc.compiler import compile_model
from mgecc.config.model import ModelConfig
from mgecc.frontends.mge.importer import import_mge
from mgecc.graph import CompileError, DType, Graph, Node, TensorType, Value
from mgecc.graph.attributes import named
from mgecc.ops.elemwise import ElemwiseAttrs
from mgecc.ops.elemwise_modes import find_mode, mode_names
from networks import model
from onnx import helper
from operator_cases import all_cases
from quantised_cases import quantised_cases

Inputs = dict[str, np.ndarray]
Counts = Callable[[str], bool]


def digest(arrays: Iterable[np.ndarray]) -> str:
    whole = hashlib.sha256()
    for array in arrays:
        whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()


def corpus(counts: Counts) -> Iterator[tuple[str, Graph, Inputs]]:
    for path in sorted((TESTS / "data" / "mge-corpus").glob("*.npz")):
        if not counts(path.stem):
            continue
        stored = np.load(path)
        inputs = {key[3:]: stored[key] for key in stored.files if key.startswith("in.")}
        yield path.stem, _imported(path.with_suffix(".mge")), inputs


def foreign(folder: Path, counts: Counts) -> Iterator[tuple[str, Graph, Inputs]]:
    """Networks of a few operators; their constants are folded while they are read."""
    passing = (FRONTENDS / "onnx" / "passing.txt").read_text().split()
    cases = backend.cases(folder)
    for case in (*(cases[name] for name in passing), *all_cases().values(), *quantised_cases().values()):
        if not counts(case.name):
            continue
        data = case.model if isinstance(case, backend.Case) else case.data
        shapes = {name: array.shape for name, array in case.inputs.items()}
        graph, _ = frontends.survey(data, case.name, shapes)
        yield case.name, graph, case.inputs


def meanings(models: Iterable[tuple[str, Graph, Inputs]]) -> Iterator[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    for name, graph, inputs in models:
        kinds = {(n.op, _kind(named(n.attrs))) for n in graph.nodes}
        if inputs and kinds - seen:
            seen |= kinds
            given = {v.name: inputs[v.name].reshape(v.shape).astype(v.type.dtype.numpy) for v in graph.inputs}
            yield name, digest(interpret.run(graph, given, keep=True).values())


def _kind(attrs: dict[str, Any]) -> str:
    """What a node computes of its kind."""
    return str(attrs.get("mode") or attrs.get("activation"))


def _imported(path: Path) -> Graph:
    try:
        return import_mge(path.read_bytes(), path.name)
    except CompileError:
        return Graph(path.name)


def modes() -> Iterator[tuple[str, str]]:
    rng = np.random.default_rng(0)
    special = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-40], "f4")
    for name in mode_names():
        mode = find_mode(name)
        if "f" not in mode.kinds:
            continue
        numbers = [
            np.append(rng.standard_normal(999).astype("f4") * 3, rng.permutation(special))
            for _ in range(mode.arity)
        ]
        values = [Value("x", TensorType(a.shape, DType("float32"))) for a in numbers]
        node = Node("Elemwise", name, ElemwiseAttrs(name), values)
        node.outputs = [Value("y", t, node) for t in ops.infer(node)]
        with np.errstate(all="ignore"):
            yield name, digest(ops.evaluate(node, numbers))


def folded_model() -> bytes:
    """x times (A B) plus sums and functions of stored numbers, all of which are computed beforehand."""
    rng, model = np.random.default_rng(0), MgeFile()
    a, b, c = (model.constant(rng.standard_normal(s).astype("f4")) for s in ((64, 200), (200, 64), (64, 64)))
    product = model.record("MatrixMulV2", [a, b])
    total = model.record("ReduceV2", [model.record("Elemwise", [c], mode="EXP")], mode="SUM", axis=0)
    inverse = model.record("MatrixInverse", [c])
    y = model.record("MatrixMulV2", [model.input("x", 2, 64), product])
    y = model.record("MatrixMulV2", [model.record("Elemwise", [y, total], mode="MUL"), inverse])
    return model.bytes(y)


def windows_model() -> bytes:
    """An ONNX file whose constants are functions that the standard defines: windows, filters, resized numbers."""
    nodes = [
        helper.make_node("HannWindow", ["length"], ["hann"]),
        helper.make_node("BlackmanWindow", ["length"], ["black"]),
        helper.make_node("Mul", ["hann", "black"], ["window"]),
        helper.make_node("MelWeightMatrix", ["bins", "points", "rate", "low", "high"], ["mel"]),
        helper.make_node("Mul", ["x", "window"], ["cut"]),
        helper.make_node("Gelu", ["hann"], ["soft"]),
        helper.make_node("Add", ["cut", "soft"], ["sum"]),
        helper.make_node("MatMul", ["sum", "mel"], ["y"]),
    ]
    numbers = {"length": 33, "bins": 12, "points": 64, "rate": 16000, "low": 20.0, "high": 7000.0}
    constants = {n: np.array(v, np.float32 if isinstance(v, float) else np.int64) for n, v in numbers.items()}
    return model(nodes, {"x": [2, 33]}, ["y"], constants)


def compiled() -> Iterator[tuple[str, str]]:
    """Blobs; those of quantised networks hold factors and tables."""
    jarvis = (TESTS / "data" / "tflite" / "hey_jarvis.tflite").read_bytes()
    files = {"folded.mge": folded_model(), "windows.onnx": windows_model(), "jarvis.tflite": jarvis}
    with tempfile.TemporaryDirectory() as folder:
        for file, data in files.items():
            path = Path(folder) / file
            path.write_bytes(data)
            made = compile_model(ModelConfig(path, path.stem, path), "arm64").files
            yield path.stem, hashlib.sha256(made[f"{path.stem}.blob"]).hexdigest()


if __name__ == "__main__":
    folder, *names = sys.argv[1:]
    wanted: Counts = names.__contains__ if names else bool
    models = chain(corpus(wanted), foreign(Path(folder), wanted))
    print(json.dumps(dict([*meanings(models), *modes(), *compiled()])))
