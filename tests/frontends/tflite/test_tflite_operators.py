"""Every operator in its forms computes what TensorFlow Lite's reference kernels stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mgecc import frontends, interpret
from operator_cases import all_cases
from quantised_cases import quantised_cases

STORED = np.load(Path(__file__).parents[2] / "data" / "tflite" / "operators.npz")
CASES = all_cases()
QUANTISED = quantised_cases()


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_operator_agrees(name: str) -> None:
    graph, problems = frontends.survey(CASES[name].data, "net.tflite")
    assert [str(problem) for problem in problems.problems] == []
    found = interpret.run(graph, CASES[name].inputs)
    expected = [STORED[f"{name}.{k}"] for k in range(len(found))]
    for ours, theirs in zip(found, expected):
        np.testing.assert_allclose(ours.reshape(theirs.shape), theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", sorted(QUANTISED))
def test_an_operator_of_quantised_bytes_agrees_bit_for_bit(name: str) -> None:
    graph, problems = frontends.survey(QUANTISED[name].data, "net.tflite")
    assert [str(problem) for problem in problems.problems] == []
    (found,) = interpret.run(graph, QUANTISED[name].inputs)
    expected = STORED[f"{name}.0"]
    assert found.dtype == expected.dtype and len(np.unique(expected)) > 3
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)


def test_every_case_has_its_results() -> None:
    assert {name.rpartition(".")[0] for name in STORED.files} == set(CASES) | set(QUANTISED)
