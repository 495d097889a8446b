"""The tests that the package onnx has for backends, as files with inputs and outputs, made once for a run.

A case is a network of one operator or a few. Operands that decide shapes and parameters are constants, as a network for
fixed shapes has them.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from mgecc import frontends, interpret
from mgecc.graph import Graph
from once import once
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
PLAIN = "biuf"
OPERANDS = Path(__file__).parent / "operands.json"


@dataclass(frozen=True)
class Case:
    """A network with inputs and outputs; ``rtol`` and ``atol`` as the standard's own runner has them."""

    name: str
    model: bytes
    inputs: dict[str, np.ndarray]
    outputs: list[np.ndarray]
    rtol: float
    atol: float

    @property
    def is_beyond_float32(self) -> bool:
        """Whether numbers of float64 are too large for float32, in which such networks are computed."""
        wide = [x for x in (*self.inputs.values(), *self.outputs) if x.dtype == np.float64]
        return any(np.isfinite(x).all() and (np.abs(x) > np.finfo(np.float32).max).any() for x in wide)

    def survey(self) -> tuple[Graph, list[str]]:
        shapes = {name: array.shape for name, array in self.inputs.items()}
        try:
            graph, problems = frontends.survey(self.model, "model.onnx", shapes)
        except frontends.ModelError as error:
            return Graph("model.onnx"), [str(error)]
        return graph, [str(problem) for problem in problems.problems]

    def difference(self, graph: Graph) -> str:
        """How the graph's results differ from what they must be; empty if they do not."""
        given = {
            v.name: self.inputs[v.name].reshape(v.shape).astype(v.type.dtype.numpy) for v in graph.inputs
        }
        found = interpret.run(graph, given)
        if len(found) != len(self.outputs):
            return f"{len(found)} results instead of {len(self.outputs)}"
        pairs = zip(found, self.outputs)
        return "; ".join(
            f"result {k}: {said}" for k, pair in enumerate(pairs) if (said := self._compare(*pair))
        )

    def _compare(self, found: np.ndarray, expected: np.ndarray) -> str:
        if found.size != expected.size:
            return f"shape {found.shape} instead of {expected.shape}"
        a, b = found.reshape(-1).astype(np.float64), expected.reshape(-1).astype(np.float64)
        if np.allclose(a, b, rtol=self.rtol, atol=self.atol, equal_nan=True):
            return ""
        return f"differs by {np.nanmax(np.abs(a - b))}"


def cases(folder: Path) -> dict[str, Case]:
    """All cases by name; ``folder`` is shared by the processes of a run."""
    return once(folder, lambda _: {case.name: case for case in _made()})


def _made() -> Iterator[Case]:
    warnings.filterwarnings("ignore")
    np.random.seed(20)  # some of the package's own inputs are random
    for kind in KINDS:
        for test in sorted(load_model_tests(kind=kind), key=lambda test: str(test.name)):
            model, sets = _stored(test)
            if not all(
                info.type.HasField("tensor_type") for info in (*model.graph.input, *model.graph.output)
            ):
                continue
            for number, (inputs, outputs) in enumerate(sets):
                arrays = [_array(x) for x in inputs], [_array(x) for x in outputs]
                if all(x.dtype.kind in PLAIN for side in arrays for x in side):
                    name = f"{test.name}.{number}" if len(sets) > 1 else test.name
                    yield _case(name, model, *arrays, test)


def _case(name: str, model: Any, inputs: list[np.ndarray], outputs: list[np.ndarray], test: Any) -> Case:
    initial = {tensor.name for tensor in model.graph.initializer}
    names = [info.name for info in model.graph.input]
    if len(inputs) < len(names):  # constants that an old file lists as inputs
        names = [n for n in names if n not in initial][: len(inputs)]
    feeds = dict(zip(names, inputs))
    bound, kept = _bound(model, feeds)
    return Case(name, bound, {n: feeds[n] for n in kept}, outputs, test.rtol, test.atol)


@cache
def _operands() -> dict[str, list[int]]:
    """Positions of operands that decide shapes, or hold parameters, by operator."""
    stated: dict[str, list[int]] = json.loads(OPERANDS.read_text())
    return stated


def _bound(model: Any, feeds: dict[str, np.ndarray]) -> tuple[bytes, list[str]]:
    """The file with such operands as constants, and the inputs that are left: at least one."""
    deciding = {
        node.input[k]
        for node in model.graph.node
        for k in _operands().get(node.op_type, ())
        if k < len(node.input) and node.input[k] in feeds
    }
    if deciding == set(feeds):
        deciding.discard(next(iter(feeds), ""))
    made = onnx.ModelProto.FromString(model.SerializeToString())
    made.graph.initializer.extend(numpy_helper.from_array(feeds[n], n) for n in sorted(deciding))
    left = [info for info in made.graph.input if info.name not in deciding]
    del made.graph.input[:]
    made.graph.input.extend(left)
    return made.SerializeToString(), [n for n in feeds if n not in deciding]


def _stored(test: Any) -> tuple[Any, list[tuple[list[Any], list[Any]]]]:
    """The network of a test, and its inputs and outputs."""
    if test.model is not None:
        return test.model, test.data_sets
    folder = Path(test.model_dir)
    model = onnx.load(folder / "model.onnx")
    sets = [
        (_files(data, "input"), _files(data, "output")) for data in sorted(folder.glob("test_data_set_*"))
    ]
    return model, sets


def _files(folder: Path, word: str) -> list[Any]:
    paths = [folder / f"{word}_{k}.pb" for k in range(len(list(folder.glob(f"{word}_*.pb"))))]
    return [onnx.TensorProto.FromString(path.read_bytes()) for path in paths]


def _array(x: Any) -> np.ndarray:
    """What older tests write as TensorProto; lists and absent values become arrays of objects."""
    if isinstance(x, onnx.TensorProto):
        return numpy_helper.to_array(x)
    try:
        return np.asarray(x)
    except ValueError:
        return np.asarray(None)


def write_lists(folder: Path) -> None:
    """Write down which cases pass now, and which are refused; AssertionError, with their names, if some are wrong."""
    lists: dict[str, list[str]] = {"passing.txt": [], "refused.txt": []}
    wrong = []
    for name, case in sorted(cases(folder).items()):
        if case.is_beyond_float32:
            continue
        graph, problems = case.survey()
        difference = "" if problems else case.difference(graph)
        if difference:
            wrong.append(f"{name}: {difference}")
        else:
            lists["refused.txt" if problems else "passing.txt"].append(name)
    for file, names in lists.items():
        (Path(__file__).parent / file).write_text("\n".join(names) + "\n")
    assert not wrong, "\n".join(wrong)
