"""Kernels of simulated quantisation give the very numbers of their operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cases import Case, over
from checks import agree, floats, given, make, on_host, seeds
from mgecc.graph import Unsupported
from mgecc.kernels import candidates
from mgecc.targets import Target, load_target

BYTES: dict[str, Any] = {"qmin": -128, "qmax": 127}


def shapes(rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """A tensor and a scale: one number, or one for each place of an axis."""
    shape = [int(n) for n in rng.integers(1, 12, 4)]
    axis = int(rng.integers(0, 5))
    return shape, [1] if axis == 4 else [n if k == axis else 1 for k, n in enumerate(shape)]


@on_host
@seeds
@over("op", ["FakeQuant", "LSQ"])
def test_scale_and_zero_point(target: Target, seed: int, op: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    shape, own = shapes(rng)
    scale = given(np.abs(floats(rng, *own)) + np.float32(0.01), const=bool(seed % 2))
    zero = given(np.round(floats(rng, *(own if seed % 3 else [1])) * 4))
    extra = [given(np.ones(1, np.float32))] if op == "LSQ" else []
    x = given(floats(rng, *shape) * np.float32(30))
    yield agree(op, BYTES, [x, scale, zero, *extra], rtol=0, atol=0)


@on_host
@seeds
@over("const", [True, False])
def test_scale_as_a_power_of_two(target: Target, seed: int, const: bool) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    shape, own = shapes(rng)
    power = rng.integers(-6, 3, own).astype(np.float32)
    yield agree("TQT", BYTES, [given(floats(rng, *shape) * 30), given(power, const)], rtol=0, atol=0)


@on_host
def test_halves_are_rounded_away_from_zero(target: Target) -> Iterator[Case]:
    x = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 1e9, -1e9, 0.49999997], np.float32)
    one = np.ones(1, np.float32)
    yield agree("FakeQuant", BYTES, [given(x), given(one), given(one * 0)], rtol=0, atol=0)


def test_scale_and_zero_point_along_different_axes_are_refused() -> None:
    pairs = [given(np.ones(s, np.float32)) for s in ((2, 3, 4), (1, 3, 1), (1, 1, 4))]
    with pytest.raises(Unsupported, match="different axes"):
        candidates(make("FakeQuant", BYTES, pairs), load_target("x86_64"))
