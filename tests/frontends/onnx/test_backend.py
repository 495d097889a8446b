"""The package onnx has tests for every operator: those that pass must go on passing, the others are refused.

``backend.write_lists(Path("build/backend"))`` writes the lists again, after new rules.
"""

from __future__ import annotations

from pathlib import Path

import backend
import numpy as np
import pytest
from mgecc import interpret

HERE = Path(__file__).parent


def names(file: str) -> list[str]:
    return (HERE / file).read_text().split()


@pytest.fixture(scope="session")
def cases(shared_folder: Path) -> dict[str, backend.Case]:
    return backend.cases(shared_folder / "onnx_backend")


ROUNDED = ("test_dft_inverse", "test_dft_inverse_opset19")
"""Cases that state what single precision makes of sums that cancel: the exact results are outside of the tolerance."""


def test_every_case_of_the_package_is_listed_as_passing_or_refused(cases: dict[str, backend.Case]) -> None:
    listed = {*names("passing.txt"), *names("refused.txt")}
    beyond = {name for name, case in cases.items() if case.is_beyond_float32}
    assert set(cases) - listed == {*ROUNDED} | beyond and len(beyond) == 4


@pytest.mark.parametrize("name", names("passing.txt"))
def test_a_case_gives_what_the_standard_says(name: str, cases: dict[str, backend.Case]) -> None:
    graph, problems = cases[name].survey()
    assert problems == []
    assert cases[name].difference(graph) == ""


@pytest.mark.parametrize("name", ROUNDED)
def test_a_sum_that_cancels_is_as_near_to_the_exact_one_as_what_the_case_states(
    name: str, cases: dict[str, backend.Case]
) -> None:
    case = cases[name]
    (x,), (stated,) = case.inputs.values(), case.outputs
    exact = np.fft.ifft(x[..., 0] + 1j * x[..., 1].astype(np.float64), axis=1)
    pairs = np.stack([exact.real, exact.imag], -1)
    graph, problems = case.survey()
    (found,) = interpret.run(graph, {v.name: x for v in graph.inputs})
    assert problems == [] and not np.allclose(stated, pairs, case.rtol, case.atol)
    assert np.abs(found - pairs).max() <= np.abs(stated - pairs).max()


@pytest.mark.parametrize("name", names("refused.txt"))
def test_a_case_that_cannot_be_served_is_refused_with_a_reason(
    name: str, cases: dict[str, backend.Case]
) -> None:
    _, problems = cases[name].survey()
    assert problems and all(problem.isprintable() for problem in problems)
