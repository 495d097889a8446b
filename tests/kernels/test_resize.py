"""Resizing and blurring kernels against the meaning of the operators."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import batch
import numpy as np
import pytest
from cases import TWO, Arrays, Case, on, over
from harness import node, value
from mgecc.graph import DType, Node, Unsupported, Value
from mgecc.kernels import candidates
from mgecc.targets import Target, load_target

on_host = on(TWO)


def pixels(rng: np.random.Generator, shape: tuple[int, ...], kind: DType) -> np.ndarray:
    if kind.is_float:
        return rng.standard_normal(shape).astype(kind.numpy)
    low, high = kind.range
    return rng.integers(low, high + 1, shape).astype(kind.numpy)


def check(op: str, x: np.ndarray, kind: DType, size: tuple[int, ...], **attrs: Any) -> Case:
    """Every candidate agrees with the meaning: floats to rounding, integers exactly."""

    def made() -> Node:
        inputs: list[Value] = [value("x", x.shape, kind)]
        if size:
            inputs.append(value("size", (len(size),), "int32", np.array(size, np.int32)))
        return node(op, inputs, **attrs)

    arrays = [x, np.array(size, np.int32)][: 1 + bool(size)]
    return Case(made, arrays, close)


def close(got: Arrays, want: Arrays) -> None:
    tolerance = 1e-5 if want[0].dtype.kind == "f" else 0
    np.testing.assert_allclose(got[0].astype(np.float32), want[0].astype(np.float32), tolerance, tolerance)


def sizes(rng: np.random.Generator, count: int, most: int) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, most, count))


KINDS = [DType("float32"), DType("uint8"), DType("int8"), DType("quint8", 0.5, 128)]


@on_host
@over("mode", ["nearest", "linear", "cubic"])
@over("layout", ["nchw", "nhwc"])
def test_resize(target: Target, mode: str, layout: str) -> Iterator[Case]:
    rng = np.random.default_rng(7)
    for turn in range(24):
        kind = KINDS[turn % 8 // 2] if turn % 2 else KINDS[0]
        c = int(rng.integers(1, 20 if turn % 3 else 4))
        h, w = sizes(rng, 2, 14)
        shape = (turn % 2 + 1, c, h, w) if layout == "nchw" else (turn % 2 + 1, h, w, c)
        size = {3: (h, w), 7: (h, 5), 11: (2 * h, 2 * w)}.get(turn, sizes(rng, 2, 20))
        yield check("Resize", pixels(rng, shape, kind), kind, size, mode=mode, layout=layout)


@on_host
def test_bytes_of_any_channels_with_one_axis_kept(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(14)
    for turn, mode in enumerate(["linear", "cubic"] * 10):
        kind = KINDS[1 + turn % 3]
        n, h, w, c = (int(k) for k in rng.integers(1, 14, 4))
        shape, layout = ((n, c, h, w), "nchw") if turn % 4 == 1 else ((n, h, w, c), "nhwc")
        size = (h, int(rng.integers(1, 20))) if turn % 3 else (int(rng.integers(1, 20)), w)
        yield check("Resize", pixels(rng, shape, kind), kind, size, mode=mode, layout=layout)


@on_host
def test_eight_taps_of_gray_and_coloured_images(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(13)
    for turn in range(20):
        kind = KINDS[turn % 2]
        x = pixels(rng, (turn % 3 + 1, *sizes(rng, 2, 14), (1, 3)[turn // 2 % 2]), kind)
        yield check("Resize", x, kind, sizes(rng, 2, 20), mode="lanczos4", layout="nhwc")


@on_host
def test_nearest_moves_elements_of_any_size(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(8)
    for name in ("float16", "int16", "int32", "bool"):
        kind = DType(name)
        x = rng.integers(0, 2, (1, 3, 5, 4)).astype(kind.numpy)
        for layout in ("nchw", "nhwc"):
            yield check("Resize", x, kind, (7, 3), mode="nearest", layout=layout)


@on_host
@over("layout", ["ncdhw", "ndhwc"])
def test_resize_of_volumes(target: Target, layout: str) -> Iterator[Case]:
    rng = np.random.default_rng(10)
    for turn in range(20):
        x = pixels(rng, sizes(rng, 5, 7), KINDS[0])
        attrs = {"layout": layout, "align_corners": turn % 2 == 0}
        yield check("Resize3D", x, KINDS[0], sizes(rng, 3, 9), **attrs)


@on_host
def test_blur(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(11)
    borders = ("replicate", "reflect", "reflect_101", "wrap", "constant")
    for turn in range(25):
        kind = KINDS[turn % 2]
        x = pixels(rng, (turn % 3 + 1, *sizes(rng, 2, 12), int(rng.choice([1, 3, 4, 9]))), kind)
        window = [int(k) for k in rng.choice([1, 3, 5, 7], 2)]
        sigma = [float(s) for s in (rng.choice([0, 0.7, 1.5], 2) if turn % 2 == 0 else (0, 0))]
        if turn == 2:
            window, sigma = [0, 0], [0, 0.9]
        yield check(
            "GaussianBlur",
            x,
            kind,
            (),
            border=borders[turn % 5],
            window=tuple(window),
            sigma=(sigma[1], sigma[0]),
        )


def test_wide_integers_are_refused() -> None:
    size = value("size", (2,), "int32", np.array([3, 3], np.int32))
    tested = node("Resize", [value("x", (1, 1, 2, 2), "int32"), size])
    with pytest.raises(Unsupported, match="int32"):
        candidates(tested, load_target("baremetal"))


@pytest.mark.parametrize("name", ["arm64", "armv7", "baremetal"])
def test_resize_on_arm(name: str) -> None:
    rng = np.random.default_rng(12)
    size = np.array([9, 7], np.int32)
    found = []
    for mode in ("nearest", "linear", "cubic"):
        for shape, layout in (((1, 9, 5, 4), "nchw"), ((2, 5, 4, 6), "nhwc")):
            attrs = {"mode": mode, "layout": layout}
            make = partial(_resize_node, shape, size, attrs)
            found.append(batch.Case(f"{attrs}", make, [pixels(rng, shape, KINDS[0]), size]))
    batch.check_emulated(found, name)


def _resize_node(shape: tuple[int, ...], size: np.ndarray, attrs: dict[str, str]) -> Node:
    return node("Resize", [value("x", shape), value("size", size.shape, "int32", size)], **attrs)


@on_host
@over("axes", [(2, 3), (3,), (1,), (0, 2), (1, 2, 3), (0, 1, 2, 3), (2,)])
def test_axes_of_weighted_sums(target: Target, axes: tuple[int, ...]) -> Iterator[Case]:
    """Tables of any number of taps."""
    rng = np.random.default_rng(len(axes))
    for turn in range(8):
        shape = tuple(int(n) for n in rng.integers(1, 12, 4))
        parts: list[np.ndarray] = []
        for axis in axes:
            size = (int(rng.integers(1, 14)), int(rng.choice([1, 2, 4, 5])))
            parts += [rng.integers(0, shape[axis], size, np.int32), rng.normal(size=size).astype(np.float32)]
        x = rng.normal(size=shape).astype(np.float32)

        def made(x: np.ndarray = x, parts: list[np.ndarray] = parts) -> Node:
            tables = [value(f"t{k}", p.shape, p.dtype.name, p) for k, p in enumerate(parts)]
            return node("Resample", [value("x", x.shape), *tables], axes=axes)

        yield Case(made, [x, *parts], close)
