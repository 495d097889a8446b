"""Warping kernels against the meaning of the operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cases import TWO, Arrays, Case, on, over
from harness import all_candidates, node, run_candidate, value
from mgecc.graph import DType, Node, Unsupported
from mgecc.kernels import candidates
from mgecc.targets import Target, load_target

on_host = on(TWO)
BORDERS = ("replicate", "reflect", "reflect_101", "wrap", "constant")
F32, U8 = DType("float32"), DType("uint8")


def image(rng: np.random.Generator, kind: DType, layout: str, turn: int) -> np.ndarray:
    n, h, w = (int(v) for v in rng.integers((1, 1, 1), (3, 10, 10)))
    c = (1, 3, 2, 5)[turn % 4]
    shape = (n, c, h, w) if layout == "nchw" else (n, h, w, c)
    if kind.is_float:
        return rng.standard_normal(shape).astype(np.float32)
    return rng.integers(*kind.range, shape).astype(kind.numpy)


def check(op: str, arrays: Arrays, kind: DType, **attrs: Any) -> Case:
    def made() -> Node:
        size = [] if op == "Remap" else [value("size", (2,), "int32", arrays[-1])]
        kinds = [kind, F32, DType("int32")]
        inputs = [value("x", a.shape, k) for a, k in zip(arrays[: len(arrays) - len(size)], kinds)]
        return node(op, inputs + size, **attrs)

    return Case(made, arrays, close)


def close(got: Arrays, want: Arrays) -> None:
    """Floats agree to rounding of the coordinates; bytes differ by one at most, where a half is rounded."""
    if want[0].dtype.kind == "f":
        np.testing.assert_allclose(got[0], want[0], 1e-4, 1e-4)
    else:
        difference = np.abs(got[0].astype(int) - want[0].astype(int))
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.01


def matrices(rng: np.random.Generator, count: int, rows: int) -> np.ndarray:
    """A little turned, stretched and moved; far out now and then."""
    m = np.eye(3) + rng.normal(0, 0.3, (count, 3, 3))
    m[:, :2, 2] = rng.normal(0, 4, (count, 2))
    m[:, 2] = rng.normal(0, 0.01, (count, 3)) + (0, 0, 1)
    return m[:, :rows].astype(np.float32)


@on_host
@over("kind", [F32, U8, DType("qint8", 0.1)], ids=str)
@over("op", ["WarpPerspective", "WarpAffine"])
def test_warps_by_matrices(target: Target, op: str, kind: DType) -> Iterator[Case]:
    rng = np.random.default_rng(21)
    for turn in range(24):
        layout = ("nchw", "nhwc")[turn // 4 % 2]
        x = image(rng, kind, layout, turn)
        count = len(x)
        m = matrices(rng, count, 3 if op == "WarpPerspective" else 2)
        arrays = [x, m, rng.integers(1, 12, 2).astype(np.int32)]
        if turn % 3 == 0 and op == "WarpPerspective":
            arrays[1] = matrices(rng, 3, 3)
            arrays.insert(2, rng.integers(-count, count, 3).astype(np.int32))
        attrs = {
            "mode": ("linear", "nearest")[turn // 8 % 2],
            "border": BORDERS[turn % 5],
            "outside": 2.25,
        }
        yield check(op, arrays, kind, layout=layout, **attrs)


@on_host
@over("kind", [F32, U8], ids=str)
@over("op", ["WarpPerspective", "WarpAffine"])
def test_warps_by_many_taps(target: Target, op: str, kind: DType) -> Iterator[Case]:
    rng = np.random.default_rng(23)
    for turn in range(20):
        n, h, w = (int(v) for v in rng.integers((1, 1, 1), (3, 10, 10)))
        x = rng.uniform(0, 256, (n, h, w, turn % 3 + 1)).astype(kind.numpy)
        arrays = [x, matrices(rng, n, 3 if op == "WarpPerspective" else 2)]
        if turn % 4 == 3 and op == "WarpPerspective":
            arrays[1] = matrices(rng, 3, 3)
            arrays.append(rng.integers(-n, n, 3).astype(np.int32))
        arrays.append(rng.integers(1, 12, 2).astype(np.int32))
        attrs = {
            "mode": ("cubic", "lanczos4")[turn // 5 % 2],
            "border": BORDERS[turn % 5],
            "outside": 7.5,
        }
        yield check(op, arrays, kind, layout="nhwc", **attrs)


@on_host
@over("kind", [F32, U8], ids=str)
def test_remap(target: Target, kind: DType) -> Iterator[Case]:
    rng = np.random.default_rng(22)
    for turn in range(20):
        layout = ("nchw", "nhwc")[turn // 4 % 2]
        x = image(rng, kind, layout, turn)
        places = rng.uniform(-4, 14, (len(x), *rng.integers(1, 9, 2), 2)).astype(np.float32)
        attrs = {
            "mode": ("linear", "nearest")[turn // 8 % 2],
            "border": BORDERS[turn % 5],
            "outside": 1.5,
        }
        yield check("Remap", [x, places], kind, layout=layout, **attrs)


@pytest.mark.parametrize("target", TWO, ids=[t.isa for t in TWO])
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("mode", ["linear", "nearest"])
def test_wild_coordinates_stay_inside_the_image(target: Target, border: str, mode: str) -> None:
    """Not a number, infinite and huge coordinates read some pixel or the border, never past the image."""
    wild = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 2.0**31, -(2.0**31), 1e9], np.float32)
    places = np.stack(np.meshgrid(wild, wild), -1)[None]
    inputs = [value("x", (1, 1, 3, 4), "uint8"), value("m", places.shape)]
    tested = node("Remap", inputs, mode=mode, border=border, outside=7.0)
    (candidate,) = all_candidates(tested, target)
    x = np.full((1, 1, 3, 4), 7, np.uint8)
    (got,) = run_candidate(tested, target, candidate, [x, places])
    if mode == "nearest":
        assert (got == 7).all()
    assert got.shape == (1, 1, 8, 8)


@pytest.mark.parametrize("target", TWO, ids=[t.isa for t in TWO])
def test_vanishing_depth_is_survived(target: Target) -> None:
    m = np.zeros((1, 3, 3), np.float32)
    for layout, shape in (("nchw", (1, 3, 4, 4)), ("nhwc", (1, 4, 4, 3))):
        size = value("size", (2,), "int32", np.array([3, 3], np.int32))
        inputs = [value("x", shape, "uint8"), value("m", m.shape), size]
        tested = node("WarpPerspective", inputs, layout=layout)
        arrays = [np.full(shape, 9, np.uint8), m, np.array([3, 3], np.int32)]
        (got,) = run_candidate(tested, target, all_candidates(tested, target)[0], arrays)
        assert layout == "nchw" or (got == 9).all()


def test_half_precision_is_refused() -> None:
    tested = node(
        "Remap", [value("x", (1, 1, 2, 2), "float16"), value("m", (1, 1, 1, 2))],
        border="wrap",
    )  # fmt: skip
    with pytest.raises(Unsupported, match="float16"):
        candidates(tested, load_target("baremetal"))
