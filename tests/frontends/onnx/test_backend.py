"""The package onnx has tests for every operator: those that pass must go on passing, the others are refused.

``backend.write_lists(Path("build/backend"))`` writes the lists again, after new rules.
"""

from __future__ import annotations

from pathlib import Path

import backend
import pytest

HERE = Path(__file__).parent


def names(file: str) -> list[str]:
    return (HERE / file).read_text().split()


@pytest.fixture(scope="session")
def cases(shared_folder: Path) -> dict[str, backend.Case]:
    return backend.cases(shared_folder / "onnx_backend")


ROUNDED = {
    # Half-precision sums in another order: two units in the last place.
    "test_attention_4d_causal_fp16",
    "test_attention_4d_causal_fp16_expanded",
    # Sums of float32 that cancel: 2e-6 beside numbers up to 54.
    "test_dft_inverse",
    "test_dft_inverse_opset19",
}
"""Cases whose tolerance is tighter than the arithmetic of float32 and float16."""


def test_every_case_of_the_package_is_listed_as_passing_or_refused(cases: dict[str, backend.Case]) -> None:
    listed = {*names("passing.txt"), *names("refused.txt")}
    beyond = {name for name, case in cases.items() if case.is_beyond_float32}
    assert set(cases) - listed == ROUNDED | beyond and len(beyond) == 4


@pytest.mark.parametrize("name", names("passing.txt"))
def test_a_case_gives_what_the_standard_says(name: str, cases: dict[str, backend.Case]) -> None:
    graph, problems = cases[name].survey()
    assert problems == []
    assert cases[name].difference(graph) == ""


@pytest.mark.parametrize("name", names("refused.txt"))
def test_a_case_that_cannot_be_served_is_refused_with_a_reason(
    name: str, cases: dict[str, backend.Case]
) -> None:
    _, problems = cases[name].survey()
    assert problems and all(problem.isprintable() for problem in problems)
