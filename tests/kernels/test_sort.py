"""Sorting kernels against the meaning of the operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cases import TWO, Arrays, Case, on, over
from harness import all_candidates, node, value
from mgecc.graph import Node, Unsupported
from mgecc.kernels import candidates
from mgecc.targets import Target, load_target

on_host = on(TWO)
KINDS = ("float32", "int32", "uint8", "int8")


def rows(rng: np.random.Generator, turn: int, most: int) -> np.ndarray:
    """Rows with many equal elements, or with infinite ones and some that are not a number."""
    shape = tuple(int(n) for n in rng.integers(1, (4, most)))
    kind = KINDS[turn % len(KINDS)]
    if kind != "float32":
        return rng.integers(0, 9, shape).astype(kind)
    x = (
        rng.standard_normal(shape).astype(np.float32)
        if turn % 8
        else rng.integers(0, 3, shape).astype(np.float32)
    )
    if turn % 3 == 0:
        x[rng.random(shape) < 0.2] = np.nan
        x[rng.random(shape) < 0.1] = -np.inf
    return x


def check(op: str, x: np.ndarray, k: int | None, **attrs: Any) -> Case:
    """All candidates give exactly the meaning's order."""

    def made() -> Node:
        inputs = [value("x", x.shape, str(x.dtype))]
        if k is not None:
            inputs.append(value("k", (1,), "int32", np.array([k], np.int32)))
        return node(op, inputs, **attrs)

    arrays = [x, np.array([k or 0], np.int32)][: 1 + (k is not None)]
    return Case(made, arrays, same)


def same(got: Arrays, want: Arrays) -> None:
    for g, w in zip(got, want, strict=True):
        np.testing.assert_array_equal(g, w)


@on_host
@over("order", ["ascending", "descending"])
def test_argsort(target: Target, order: str) -> Iterator[Case]:
    rng = np.random.default_rng(41)
    for turn in range(32):
        yield check("Argsort", rows(rng, turn, (5, 20, 130)[turn % 3]), None, order=order)


@on_host
@over("kth_only", [True, False])
def test_top_k(target: Target, kth_only: bool) -> Iterator[Case]:
    rng = np.random.default_rng(42)
    ways: set[str] = set()
    for turn in range(32):
        x = rows(rng, turn, (5, 20, 130)[turn % 3])
        more = 0 if kth_only else 3
        k = int(rng.integers(1, x.shape[1] + 1 + more)) * int(rng.choice([-1, 1]))
        made = check("TopK", x, k, kth_only=kth_only)
        ways |= {way.why for way in all_candidates(made.make(), target)}
        yield made
    assert len(ways) == 2


def test_long_lists_are_not_kept_by_insertion() -> None:
    k = value("k", (1,), "int32", np.array([900], np.int32))
    tested = node("TopK", [value("x", (1, 1000)), k], kth_only=True)
    assert [c.why for c in candidates(tested, load_target("baremetal"))] == ["merge sort"]


def test_half_precision_is_refused() -> None:
    with pytest.raises(Unsupported, match="float16"):
        candidates(
            node("Argsort", [value("x", (1, 4), "float16")], order="ascending"), load_target("baremetal")
        )
