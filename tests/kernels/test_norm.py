"""Normalisation kernels compute what their operators mean."""

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


def data(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers that need not lie around zero."""
    return floats(rng, *shape) * np.float32(rng.uniform(0.1, 3)) + np.float32(rng.choice([0, 1, -100]))


def parameters(rng: np.random.Generator, *shape: int) -> list[Any]:
    count = 2 if rng.integers(2) else 0
    return [given(floats(rng, *shape), const=True) for _ in range(count)]


def sizes(rng: np.random.Generator, rank: int, most: int) -> list[int]:
    return [int(rng.integers(1, most)) for _ in range(rank)]


@on_host
@seeds
def test_layer_norm(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    shape = [*sizes(rng, int(rng.integers(0, 3)), 4), *sizes(rng, int(rng.integers(1, 3)), 30)]
    count = int(rng.integers(1, len(shape) + 1))
    attrs = {"epsilon": 1e-5, "last_axes": count}
    terms = parameters(rng, *shape[-count:])
    yield agree("LayerNorm", attrs, [given(data(rng, *shape)), *terms], rtol=1e-4, atol=1e-4)


@on_host
@seeds
def test_norm_over_any_axes(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    shape = sizes(rng, 4, 10)
    start = int(rng.integers(0, 4))
    end = int(rng.integers(start + 1, 5))
    attrs = {"epsilon": 1e-3, "first": start, "end": end}
    terms = parameters(rng, *shape[start:end])
    yield agree("GeneralNorm", attrs, [given(data(rng, *shape)), *terms], rtol=1e-4, atol=3e-4)


@on_host
@seeds
@over("op", ["GroupNorm", "InstanceNorm"])
def test_norm_over_groups_of_channels(target: Target, seed: int, op: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    groups, inner = sizes(rng, 2, 6)
    attrs = {"epsilon": 1e-3, **({"groups": groups} if op == "GroupNorm" else {})}
    x = data(rng, 2, groups * inner, *sizes(rng, 2, 12))
    terms = parameters(rng, groups * inner)
    yield agree(op, attrs, [given(x), *terms], rtol=1e-4, atol=3e-4)


@on_host
def test_statistics_of_many_numbers_far_from_zero(target: Target) -> Iterator[Case]:
    x = floats(np.random.default_rng(0), 2, 50_003) + np.float32(300)
    attrs = {"epsilon": 1e-5, "last_axes": 1}
    yield agree("LayerNorm", attrs, [given(x)], atol=1e-4)


@on_host
@seeds
@over("axis", [1, -1])
def test_batch_norm_with_computed_statistics(target: Target, seed: int, axis: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    shape = sizes(rng, 4, 14)
    own = [1] * 4
    own[axis] = shape[axis]
    terms = [floats(rng, *own) for _ in range(3)]
    pairs = [given(a) for a in (data(rng, *shape), *terms, np.abs(floats(rng, *own)))]
    yield agree("BatchNorm", {"epsilon": 1e-3}, pairs, rtol=1e-4, atol=2e-4)


@on_host
@seeds
def test_local_response_norm(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    attrs = {
        "size": int(rng.choice([1, 3, 5, 9])),
        "bias": 2.0,
        "alpha": float(rng.choice([1e-4, 0.1])),
        "beta": 0.75,
    }
    yield agree("LRN", attrs, [given(data(rng, *sizes(rng, 4, 10)))])


def test_parameters_of_different_shapes_are_refused() -> None:
    rng = np.random.default_rng(0)
    shapes = [(1, 3, 1, 1), (1, 3, 1, 1), (1, 1, 1, 1), (1, 3, 1, 1)]
    pairs = [given(floats(rng, 2, 3, 4, 4)), *(given(floats(rng, *s)) for s in shapes)]
    node = make("BatchNorm", {"epsilon": 1e-3}, pairs)
    with pytest.raises(Unsupported, match="different shapes"):
        candidates(node, load_target("x86_64"))
