"""Deformable convolution, correlation and sliding windows compute what their operators mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from cases import Case, over
from checks import agree, floats, given, on_host, seeds
from mgecc.targets import Target


def window(rng: np.random.Generator, kernel: list[int]) -> dict[str, Any]:
    attrs: dict[str, Any] = {"format": "NCHW"}
    for axis, k in zip("hw", kernel):
        attrs[f"stride_{axis}"], attrs[f"dilate_{axis}"] = (int(v) for v in rng.integers(1, 3, 2))
        attrs[f"pad_{axis}"] = int(rng.integers(0, k))
    return attrs


def extents(attrs: dict[str, Any], kernel: list[int]) -> list[int]:
    return [attrs[f"dilate_{a}"] * (k - 1) + 1 for a, k in zip("hw", kernel)]


def positions(attrs: dict[str, Any], size: list[int], kernel: list[int]) -> list[int]:
    return [
        (n + 2 * attrs[f"pad_{a}"] - e) // attrs[f"stride_{a}"] + 1
        for a, n, e in zip("hw", size, extents(attrs, kernel))
    ]


@on_host
@seeds
@over("mode", ["CROSS_CORRELATION", "CONVOLUTION"])
def test_deformable_convolution(target: Target, seed: int, mode: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    kernel = [int(k) for k in rng.integers(1, 4, 2)]
    attrs = window(rng, kernel) | {"mode": mode}
    groups, parts, ic = (int(v) for v in rng.integers(1, 4, 3))
    channels, oc = groups * parts * ic, int(rng.choice([1, 3, 8, 17]))
    size = [e + int(rng.integers(0, 6)) for e in extents(attrs, kernel)]
    out, taps = positions(attrs, size, kernel), kernel[0] * kernel[1]
    grouped = groups > 1
    attrs["sparse"] = "GROUP" if grouped else "DENSE"
    w = floats(rng, *([groups] if grouped else []), oc, channels // groups, *kernel)
    offset = floats(rng, 2, 2 * parts * taps, *out) * np.float32(rng.choice([0, 1, 5, 1e8]))
    pairs = [given(floats(rng, 2, channels, *size)), given(w, const=True), given(offset)]
    yield agree(
        "DeformableConv",
        attrs,
        [*pairs, given(floats(rng, 2, parts * taps, *out))],
        rtol=1e-4,
        atol=1e-3,
    )


@on_host
@seeds
@over("multiply", [True, False])
def test_correlation(target: Target, seed: int, multiply: bool) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    size, reach = int(rng.choice([1, 3, 5])), int(rng.integers(0, 5))
    attrs = {
        "format": "NCHW", "kernel_size": size, "max_displacement": reach, "stride1": int(rng.integers(1, 4)),
        "stride2": int(rng.integers(1, 4)), "pad_size": int(rng.integers(0, 7)), "is_multiply": multiply,
    }  # fmt: skip
    least = max(1, 2 * (reach + size // 2) + 1 - 2 * attrs["pad_size"])
    shape = [int(v) for v in rng.integers(1, 4, 2)] + [least + int(v) for v in rng.integers(0, 25, 2)]
    yield agree("Correlation", attrs, [given(floats(rng, *shape)), given(floats(rng, *shape))])


@on_host
@seeds
@over("op", ["Images2Neibs", "SlidingWindowTranspose"])
def test_sliding_windows(target: Target, seed: int, op: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    kernel = [int(k) for k in rng.integers(1, 5, 2)]
    attrs = window(rng, kernel) | {"window_h": kernel[0], "window_w": kernel[1]}
    size = [e + int(rng.integers(0, 6)) for e in extents(attrs, kernel)]
    image = (2, 3, *size)
    parts = (2, 3, *positions(attrs, size, kernel), *kernel)
    attrs |= {"out_h": size[0], "out_w": size[1]}
    yield agree(op, attrs, [given(floats(rng, *(image if op == "Images2Neibs" else parts)))])
