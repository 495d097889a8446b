"""Prints digests of what the meanings compute and of what is compiled; test_same_bits.py compares them.

A model of the corpus counts where it has an operator, or a mode of one, that those before it have not.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "frontends"), str(TESTS / "common")]

from mge_writer import MgeFile
from mgecc import interpret, ops
from mgecc.compiler import compile_model
from mgecc.config.model import ModelConfig
from mgecc.frontends.mge.importer import import_mge
from mgecc.graph import CompileError, DType, Graph, Node, TensorType, Value
from mgecc.graph.attributes import named
from mgecc.ops.elemwise import ElemwiseAttrs
from mgecc.ops.elemwise_modes import find_mode, mode_names


def digest(arrays: Iterable[np.ndarray]) -> str:
    whole = hashlib.sha256()
    for array in arrays:
        whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()


def corpus() -> Iterator[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    for path in sorted((TESTS / "data" / "mge-corpus").glob("*.npz")):
        stored = np.load(path)
        inputs = {key[3:]: stored[key] for key in stored.files if key.startswith("in.")}
        graph = _imported(path.with_suffix(".mge"))
        kinds = {(n.op, _kind(named(n.attrs))) for n in graph.nodes}
        if inputs and kinds - seen:
            seen |= kinds
            yield path.stem, digest(interpret.run(graph, inputs, keep=True).values())


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


def compiled() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "folded.mge"
        path.write_bytes(folded_model())
        files = compile_model(ModelConfig(path, "folded", path), "arm64").files
        yield "folded", hashlib.sha256(files["folded.blob"]).hexdigest()


if __name__ == "__main__":
    print(json.dumps(dict([*corpus(), *modes(), *compiled()])))
