"""Deformable convolution, correlation and sliding windows compute what their operators mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from cases import Case, over
from checks import agree, floats, given, on_host, seeds
from mgecc.targets import Target


def window(rng: np.random.Generator, kernel: list[int]) -> dict[str, Any]:
    forms = []
    for k in kernel:
        stride, dilation = (int(v) for v in rng.integers(1, 3, 2))
        pad = int(rng.integers(0, k))
        forms.append((stride, dilation, (pad, pad)))
    return dict(zip(("stride", "dilation", "padding"), zip(*forms)))


def extents(attrs: dict[str, Any], kernel: list[int]) -> list[int]:
    return [d * (k - 1) + 1 for d, k in zip(attrs["dilation"], kernel)]


def positions(attrs: dict[str, Any], size: list[int], kernel: list[int]) -> list[int]:
    numbers = zip(size, attrs["padding"], extents(attrs, kernel), attrs["stride"])
    return [(n + sum(pad) - extent) // stride + 1 for n, pad, extent, stride in numbers]


@on_host
@seeds
def test_deformable_convolution(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    kernel = [int(k) for k in rng.integers(1, 4, 2)]
    attrs = window(rng, kernel)
    groups, parts, ic = (int(v) for v in rng.integers(1, 4, 3))
    channels, oc = groups * parts * ic, int(rng.choice([1, 3, 8, 17]))
    size = [e + int(rng.integers(0, 6)) for e in extents(attrs, kernel)]
    out, taps = positions(attrs, size, kernel), kernel[0] * kernel[1]
    attrs["groups"] = groups
    w = floats(rng, groups * oc, channels // groups, *kernel)
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
@over("mode", ["product", "difference"])
def test_correlation(target: Target, seed: int, mode: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    size, reach = int(rng.choice([1, 3, 5])), int(rng.integers(0, 5))
    stride, step, pad = (int(rng.integers(*ends)) for ends in ((1, 4), (1, 4), (0, 7)))
    attrs = {
        "window": size, "stride": stride, "padding": pad, "reach": reach, "reach_step": step, "mode": mode,
    }  # fmt: skip
    least = max(1, 2 * (reach + size // 2) + 1 - 2 * pad)
    shape = [int(v) for v in rng.integers(1, 4, 2)] + [least + int(v) for v in rng.integers(0, 25, 2)]
    yield agree("Correlation", attrs, [given(floats(rng, *shape)), given(floats(rng, *shape))])


@on_host
@seeds
@over("op", ["Images2Neibs", "SlidingWindowTranspose"])
def test_sliding_windows(target: Target, seed: int, op: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    kernel = [int(k) for k in rng.integers(1, 5, 2)]
    attrs = window(rng, kernel) | {"window": tuple(kernel)}
    size = [e + int(rng.integers(0, 6)) for e in extents(attrs, kernel)]
    image = (2, 3, *size)
    parts = (2, 3, *positions(attrs, size, kernel), *kernel)
    if op == "Images2Neibs":
        yield agree(op, attrs, [given(floats(rng, *image))])
    else:
        yield agree(op, attrs | {"size": tuple(size)}, [given(floats(rng, *parts))])
