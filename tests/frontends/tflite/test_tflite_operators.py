"""Every operator in its forms computes what TensorFlow Lite's reference kernels stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mgecc import frontends, interpret
from operator_cases import all_cases

STORED = np.load(Path(__file__).parents[2] / "data" / "tflite" / "operators.npz")
CASES = all_cases()


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_operator_agrees(name: str) -> None:
    graph, problems = frontends.survey(CASES[name].data, "net.tflite")
    assert [str(problem) for problem in problems.problems] == []
    found = interpret.run(graph, CASES[name].inputs)
    expected = [STORED[f"{name}.{k}"] for k in range(len(found))]
    for ours, theirs in zip(found, expected):
        np.testing.assert_allclose(ours.reshape(theirs.shape), theirs, rtol=1e-5, atol=1e-5)


def test_every_case_has_its_results() -> None:
    assert {name.rpartition(".")[0] for name in STORED.files} == set(CASES)
