"""Pooling kernels compute what Pooling and AdaptivePooling mean, in blocks and in plain layout."""

from __future__ import annotations

from functools import partial

import harness
import numpy as np
import pytest
from batch import Case, check_emulated, check_native
from mgecc.graph import Node
from mgecc.targets import Target

TARGETS = pytest.mark.parametrize("target", harness.host_targets(), ids=harness.host_names())
MODES = ("max", "average", "inner")
Pair = tuple[int, int]


def words(mode: str) -> dict[str, object]:
    """``inner``: means of the cells inside."""
    return {"mode": "average" if mode == "inner" else mode, "count_padding": mode != "inner"}


def make(shape: tuple[int, ...], mode: str, window: Pair, stride: Pair, pad: Pair) -> Node:
    padding = tuple((n, n) for n in pad)
    attrs = {"window": window, "stride": stride, "padding": padding, **words(mode)}
    return harness.node("Pooling", [harness.value("x", shape)], **attrs)


def make_adaptive(shape: tuple[int, ...], mode: str, size: np.ndarray) -> Node:
    inputs = [harness.value("x", shape), harness.value("size", size.shape, "int32", const=size)]
    return harness.node("AdaptivePooling", inputs, mode="average" if mode == "inner" else mode)


def case(rng: np.random.Generator, shape: tuple[int, ...], mode: str, *form: Pair) -> Case:
    x = rng.uniform(-1, 1, shape).astype(np.float32)
    return Case(f"{shape} {mode} {form}", partial(make, shape, mode, *form), [x])


def adaptive(rng: np.random.Generator, shape: tuple[int, ...], mode: str, size: Pair) -> Case:
    x, to = rng.uniform(-1, 1, shape).astype(np.float32), np.array(size, np.int32)
    return Case(f"{shape} {mode} to {size}", partial(make_adaptive, shape, mode, to), [x, to])


def random_cases(rng: np.random.Generator, mode: str, count: int) -> list[Case]:
    """Windows smaller, equal and larger than the stride, padding up to less than the window."""
    made = []
    for _ in range(count):
        n, ch, h, w = (int(v) for v in rng.integers((1, 1, 5, 5), (3, 40, 14, 30)))
        k, s = (tuple(int(v) for v in rng.integers(1, m, 2)) for m in (5, 5))
        pad = tuple(int(rng.integers(0, min(a, (a + 1) // 2 + 1))) for a in k)
        made.append(case(rng, (n, ch, h, w), mode, k, s, pad))
    made += [
        case(rng, (1, 33, 7, 7), mode, (7, 7), (1, 1), (0, 0)),
        case(rng, (1, 8, 1, 1), mode, (1, 1), (1, 1), (0, 0)),
    ]
    made += [
        case(rng, (2, 5, 4, 40), mode, (2, 35), (1, 2), (1, 17)),
        case(rng, (1, 16, 9, 9), mode, (2, 2), (3, 3), (0, 0)),
    ]
    return [*made, *(adaptive(rng, (2, 20, 9, 10), mode, size) for size in ((1, 1), (4, 3), (9, 10)))]


@TARGETS
@pytest.mark.parametrize("mode", MODES)
def test_every_candidate_agrees_with_the_meaning(mode: str, target: Target) -> None:
    templates = check_native(random_cases(np.random.default_rng(5), mode, 16), target)
    assert {"pool/pool.c.j2", "pool/global.c.j2"} <= templates
    assert mode == MODES[2] or "pool/rows.c.j2" in templates


@pytest.mark.parametrize("name", ["arm64", "armv7", "baremetal"])
def test_arm_agrees_with_the_meaning(name: str) -> None:
    check_emulated([c for mode in MODES for c in random_cases(np.random.default_rng(6), mode, 20)], name)
