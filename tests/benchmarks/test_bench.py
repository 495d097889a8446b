"""What is built needs no more instructions, code, weights and memory than the committed figures say."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import bench

EMULATORS = {"arm64": "qemu-aarch64", "armv7": "qemu-arm"}
ROWS = [(model, target) for model, rows in bench.committed().items() for target in rows]
SMALL: bench.Row = {
    "instructions": 1000,
    "code": 100,
    "weights": 10,
    "arena": 10,
    "kernels": {"a": 600, "b": 400},
}


@pytest.mark.parametrize(("model", "target"), ROWS, ids=[f"{model}-{target}" for model, target in ROWS])
def test_models_stay_as_fast_and_small_as_committed(model: str, target: str) -> None:
    if not shutil.which(EMULATORS[target]):
        pytest.skip(
            f"{EMULATORS[target]} is missing: apt-get install qemu-user (static builds load no plugins)"
        )
    if not shutil.which("cc"):
        pytest.skip("cc is missing: apt-get install gcc")
    problems = bench.worse(bench.committed()[model][target], bench.measure_model(model, target))
    advice = f"if that is meant: python benchmarks/bench.py {model} --write"
    assert not problems, "\n".join([*problems, advice])


def test_growth_is_told_with_the_kernels_that_moved_it() -> None:
    grown = {**SMALL, "instructions": 1200, "kernels": {"a": 850, "b": 350}}
    assert bench.worse(SMALL, grown) == ["instructions: 1000 -> 1200", "  +250 a", "  -50 b"]
    assert bench.worse(SMALL, {**SMALL, "arena": 11}) == ["arena: 10 -> 11"]


def test_shrinking_and_hardly_growing_is_no_problem() -> None:
    assert bench.worse(SMALL, {**SMALL, "instructions": 1004, "code": 50}) == []
