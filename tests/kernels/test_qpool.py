"""Quantised poolings and tables of 256 results give the very numbers of their meaning."""

from __future__ import annotations

import harness
import numpy as np
import pytest
from mgecc.graph import DType, Node
from mgecc.targets import Target
from quantised import Q8, U8, check_all, targets

_MODES = {
    "max": {"mode": "max"},
    "mean": {"mode": "average"},
    "inner": {"mode": "average", "count_padding": False},
}
# n, channels, h, w, window, stride, pad
_SHAPES = [
    (1, 8, 9, 9, 2, 2, 0), (1, 5, 7, 8, 3, 2, 1), (2, 16, 12, 12, 3, 1, 1), (1, 20, 7, 7, 7, 7, 0),
    (1, 3, 5, 5, 1, 1, 0), (1, 17, 6, 9, 4, 3, 2), (1, 4, 30, 30, 30, 1, 0), (1, 32, 3, 3, 2, 1, 1),
]  # fmt: skip


def pool(shape: tuple[int, ...], mode: str, dtype: DType) -> Node:
    n, channels, h, w, window, stride, pad = shape
    sizes = {"window": (window, window), "stride": (stride, stride), "padding": ((pad, pad), (pad, pad))}
    x = harness.value("x", (n, channels, h, w), dtype)
    return harness.node("Pooling", [x], **sizes, **_MODES[mode])


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.isa + t.cpu)
@pytest.mark.parametrize("dtype", [Q8, U8], ids=["s8", "u8"])
@pytest.mark.parametrize("mode", _MODES)
@pytest.mark.parametrize("shape", _SHAPES, ids=str)
def test_poolings_equal_their_meaning(
    shape: tuple[int, ...], mode: str, dtype: DType, target: Target
) -> None:
    check_all(np.random.default_rng(sum(shape)), pool(shape, mode, dtype), target, at_least=2)


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.isa + t.cpu)
def test_adaptive_pooling_equals_its_meaning(target: Target) -> None:
    size = harness.value("size", (2,), "int32", np.array([3, 2], np.int32))
    made = harness.node("AdaptivePooling", [harness.value("x", (1, 10, 8, 7), Q8), size], mode="average")
    check_all(np.random.default_rng(1), made, target)


def lookup(rng: np.random.Generator, shape: tuple[int, ...], out: DType) -> Node:
    stored = rng.integers(-128, 128, 256).astype(out.numpy)
    table = harness.value("table", (256,), out, stored)
    return harness.node("Lookup8", [harness.value("x", shape, Q8), table])


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.isa + t.cpu)
@pytest.mark.parametrize("out", [DType("qint8", 0.3), DType("float32")], ids=str)
@pytest.mark.parametrize("shape", [(1, 7, 5, 3), (37,), (2, 3), (1, 16, 4, 4)], ids=str)
def test_tables_give_their_entries(shape: tuple[int, ...], out: DType, target: Target) -> None:
    rng = np.random.default_rng(5)
    check_all(rng, lookup(rng, shape, out), target)
