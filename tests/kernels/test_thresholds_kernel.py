"""Thresholds are counted rightly, in plain C and with every layout, on every target."""

from __future__ import annotations

from functools import partial

import harness
import numpy as np
import pytest
from batch import Case, check_emulated, check_native
from mgecc.graph import DType, Node
from mgecc.targets import Target
from quantised import targets

SHAPES = [
    (1,),
    (3, 1),
    (1, 1, 1, 1),
    (1, 3, 2, 5),
    (2, 17, 1, 3),
    (5, 33, 2, 2),
    (1, 8, 4, 4),
    (7, 9),
    (2, 3, 4, 5, 2),
]
COUNTS = (0, 1, 2, 3, 128, 200, 254, 255)


def make(shape: tuple[int, ...], steps: np.ndarray, base: int, out: DType) -> Node:
    table = harness.value("steps", steps.shape, "int32", steps)
    x = harness.value("x", shape, DType("qint32", 0.01))
    return harness.node("Thresholds", [x, table], base=base, output_dtype=out)


def cases() -> list[Case]:
    rng, found = np.random.default_rng(4), []
    for turn in range(24):
        shape, count = SHAPES[turn % len(SHAPES)], COUNTS[turn % len(COUNTS)]
        out = DType("qint8", 0.1) if turn % 2 else DType("quint8", 0.1, 128)
        base = -128 if turn % 2 else 0
        # Equal thresholds, as where results are skipped, and the smallest and largest integers.
        steps = np.sort(rng.integers(-9, 9, count) if turn % 3 else rng.integers(-(2**31), 2**31, count))
        x = rng.choice(np.array([*steps, -(2**31), 2**31 - 1, 0, -5]), shape).astype(np.int32)
        text = f"{shape} {count} steps"
        found.append(
            Case(text, partial(make, shape, steps.astype(np.int32), base, out), [x, steps.astype(np.int32)])
        )
    return found


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.isa + t.cpu)
def test_steps_are_counted(target: Target) -> None:
    assert check_native(cases(), target) == {"lookup/thresholds.c.j2"}


@pytest.mark.parametrize("target", ["arm64", "armv7", "baremetal"])
def test_steps_are_counted_under_an_emulator(target: str) -> None:
    check_emulated(cases(), target)
