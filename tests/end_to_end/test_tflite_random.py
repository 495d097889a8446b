"""Random files of one operator compute what TensorFlow Lite Micro's reference kernels stored, integers bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from batches import selected_cases, session_in_batch
from mgecc import frontends, interpret
from mgecc.config import ModelConfig, Verify
from mgecc.targets import load_target
from mgecc.toolrun.verify import verify
from random_cases import random_case, sorts
from tflite_case import Case

STORED = dict(np.load(Path(__file__).parents[1] / "data" / "tflite" / "random.npz"))
CASES = {case.name: case for case in (random_case(*sort, seed) for sort in sorts() for seed in range(12))}
TOLERANCE = 1e-4


REFUSED = {"relu6_int8", "relu6_int16"}
"""Operators with types of data of which some files are refused, or all."""


def refusals(case: Case) -> list[str]:
    return [str(problem) for problem in frontends.survey(case.data, "net.tflite")[1].problems]


SERVED = [name for name in sorted(STORED) if not refusals(CASES[name])]
QUANTISED = [name for name in SERVED if "_float32_" not in name]


def test_only_these_are_refused() -> None:
    refused = {name.rpartition("_")[0] for name in set(STORED) - set(SERVED)}
    assert refused == REFUSED


@pytest.mark.parametrize("name", SERVED)
def test_the_meaning_gives_the_recorded_numbers(name: str) -> None:
    graph, _ = frontends.survey(CASES[name].data, "net.tflite")
    given = {v.name: CASES[name].inputs[v.name].reshape(v.shape) for v in graph.given_inputs}
    found, expected = interpret.run(graph, given)[0], STORED[name]
    assert found.dtype == expected.dtype and found.size == expected.size
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=TOLERANCE, atol=TOLERANCE)
    else:
        np.testing.assert_array_equal(found.reshape(expected.shape), expected)


def config(name: str, folder: Path) -> ModelConfig:
    path = folder / f"{name}.tflite"
    if not path.exists():
        path.write_bytes(CASES[name].data)
    return ModelConfig(path, name, path)


@pytest.mark.parametrize(
    ("name", "target"), [(name, ("x86_64", "arm64")[k % 2]) for k, name in enumerate(QUANTISED)]
)
def test_a_library_gives_the_recorded_numbers(
    name: str, target: str, request: pytest.FixtureRequest, shared_folder: Path
) -> None:
    folder = shared_folder / "random"
    folder.mkdir(exist_ok=True)
    configs = {case["name"]: config(case["name"], folder) for case in selected_cases(request, target)}
    session = session_in_batch(configs[name], [*configs.values()], load_target(target), shared_folder)
    given = {f"in.{key}": array[None] for key, array in CASES[name].inputs.items()}
    expected = {"out.0": STORED[name][None]}
    (first, *_) = verify(session, given, expected, Verify(rtol=TOLERANCE)).values()
    assert first[0].outside == 0
