"""Kernels of Linspace, Cross, CheckNonFinite and conversions of colours against the meaning of the operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from cases import TWO, Arrays, Case, on, over
from harness import node, value
from mgecc.graph import Node
from mgecc.targets import Target

on_host = on(TWO)


def check(op: str, arrays: Arrays, fixed: int = 0, **attrs: Any) -> Case:
    """The last ``fixed`` inputs are constants."""

    def made() -> Node:
        first = len(arrays) - fixed
        inputs = [
            value(f"x{i}", a.shape, str(a.dtype), a if i >= first else None) for i, a in enumerate(arrays)
        ]
        return node(op, inputs, **attrs)

    return Case(made, arrays, close)


def close(got: Arrays, want: Arrays) -> None:
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g, w, 1e-6, 1e-6 if g.dtype == np.float32 else 0)


@on_host
def test_linspace(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(61)
    for turn in range(20):
        ends = [np.array([v], np.float32 if turn % 3 else np.int32) for v in rng.uniform(-9, 9, 2)]
        count = np.array([turn or 1], np.int32)
        yield check("Linspace", [*ends, count], 1, endpoint=bool(turn % 2))


@on_host
def test_finite_check(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(62)
    for turn in range(20):
        arrays = [rng.standard_normal(rng.integers(1, 9, 2)).astype(np.float32) for _ in range(turn % 3 + 1)]
        if turn % 2:
            arrays[turn % len(arrays)][0, 0] = (np.nan, np.inf, -np.inf)[turn % 3]
        yield check("CheckNonFinite", arrays, scale=(1.0, 0.5)[turn // 2 % 2])


@on_host
def test_cross_products(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(63)
    for _ in range(20):
        outer = list(rng.integers(1, 5, rng.integers(0, 4)))
        shapes, axes = [], []
        for _ in range(2):
            axes.append(int(rng.integers(0, len(outer) + 1)))
            own = [n if rng.integers(3) else 1 for n in outer]
            shapes.append((*own[: axes[-1]], 3, *own[axes[-1] :]))
        arrays = [rng.standard_normal(s).astype(np.float32) for s in shapes]
        axisc = int(rng.integers(-1, len(outer) + 1))
        yield check("Cross", arrays, axes=(axes[0], axes[1] - len(shapes[1]), axisc))


@on_host
@over("mode", ["rgb2gray", "bgr2gray", "rgba2gray"])
def test_gray(target: Target, mode: str) -> Iterator[Case]:
    rng = np.random.default_rng(64)
    channels = 4 if mode.startswith("rgba") else 3
    for turn in range(20):
        shape = (*rng.integers(1, 8, 3), channels)
        x = rng.integers(0, 256, shape).astype(np.uint8 if turn % 2 else np.float32)
        yield check("CvtColor", [x], mode=mode)


@on_host
@over("mode", ["rgb2yuv", "yuv2rgb"])
def test_yuv(target: Target, mode: str) -> Iterator[Case]:
    rng = np.random.default_rng(65)
    for turn in range(20):
        shape = (*rng.integers(1, 8, 3), 3)
        x = rng.integers(0, 256, shape).astype(np.uint8 if turn % 2 else np.float32)
        yield check("CvtColor", [x], mode=mode)


@on_host
@over("planes", ["nv21", "nv12", "yv12", "yu12"])
def test_luma_with_chroma_of_half_the_size(target: Target, planes: str) -> Iterator[Case]:
    rng = np.random.default_rng(66)
    for mode in ("yuv2rgb", "yuv2bgr", "yuv2gray", "bt601_yuv2rgb", "bt601_yuv2bgr"):
        for _ in range(4):
            n, rows, columns = (int(k) for k in rng.integers(1, 5, 3))
            x = rng.integers(0, 256, (n, 6 * rows, 2 * columns, 1)).astype(np.uint8)
            yield check("CvtColor", [x], mode=f"{mode}_{planes}")
