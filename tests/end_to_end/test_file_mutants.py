"""ONNX and TensorFlow Lite files with something changed anywhere compile or are refused with a reason, in bounded time.

The files are those of one operator or a few that the front ends have tests with. MGECC_MUTANTS=N tries N mutants of
each format, with up to three things changed; with MGECC_RANDOM_SEED they are others.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from attack import TARGETS, Attack
from mutated_files import mutate_message, mutated_flatbuffer
from random_cases import random_case, sorts
from tflite_writer import tflite_bytes

FRONTENDS = Path(__file__).parents[1] / "frontends"
sys.path[:0] = [str(FRONTENDS / "onnx"), str(FRONTENDS / "tflite")]

import backend
import onnx
from operator_cases import all_cases
from quantised_cases import quantised_cases
from recurrent_cases import recurrent_cases

COUNT = int(os.environ.get("MGECC_MUTANTS", "0")) or 160
SEED = os.environ.get("MGECC_RANDOM_SEED", "")
GROUPS = 8
PASSING = (FRONTENDS / "onnx" / "passing.txt").read_text().split()
Mutate = Callable[[str, random.Random, int], bytes]


@cache
def _onnx(folder: Path) -> dict[str, backend.Case]:
    """Cases with little data; the others are the same operators."""
    found = backend.cases(folder / "onnx_backend")
    return {name: found[name] for name in PASSING if len(found[name].model) < 30000}


def _changed_onnx(case: backend.Case, rng: random.Random, count: int) -> bytes:
    model = onnx.ModelProto.FromString(case.model)
    for _ in range(count):
        mutate_message(model if rng.random() < 0.1 else model.graph, rng)
    return bytes(model.SerializeToString())


SHORT = [random_case(type, word, 0) for type, word in sorts() if word == "INT16"]
"""Of 16-bit data."""
TFLITE = {**all_cases(), **quantised_cases(), **recurrent_cases(), **{case.name: case for case in SHORT}}


def _changed_tflite(name: str, rng: random.Random, count: int) -> bytes:
    root = TFLITE[name].root
    for _ in range(count):
        root = mutated_flatbuffer(root, rng)
    return tflite_bytes(root)


def attack(folder: Path, suffix: str, names: list[str], group: int, changed: Mutate) -> Attack:
    """Every case in its turn, on every target."""
    rng = random.Random(f"{suffix}{group}{SEED}")
    made = Attack(folder / f"mutant.{suffix}")
    rng.shuffle(names)
    for number in range(COUNT // GROUPS):
        name = names[number % len(names)]
        data = changed(name, rng, 1 + number % 3)
        said = made.compile(data, TARGETS[(number // 3) % 4], f"{name}, mutant {number} of group {group}")
        assert all(line.isprintable() for line in said.splitlines()), repr(said)
    print(f"\n{made}", end=" ")
    return made


@pytest.mark.parametrize("group", range(GROUPS))
def test_changed_onnx_files_compile_or_are_refused_with_a_reason(
    group: int, tmp_path: Path, shared_folder: Path
) -> None:
    cases = _onnx(shared_folder)
    made = attack(
        tmp_path,
        "onnx",
        sorted(cases),
        group,
        lambda name, rng, count: _changed_onnx(cases[name], rng, count),
    )
    assert len(made.counts) == 2


@pytest.mark.parametrize("group", range(GROUPS))
def test_changed_tflite_files_compile_or_are_refused_with_a_reason(group: int, tmp_path: Path) -> None:
    made = attack(tmp_path, "tflite", sorted(TFLITE), group, _changed_tflite)
    assert len(made.counts) == 2
