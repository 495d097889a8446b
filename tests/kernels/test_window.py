"""Transposed, 3-D, region restricted and local convolutions compute what their operators mean."""

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


def pads(*ends: int) -> tuple[tuple[int, int], ...]:
    """The same before and after each axis."""
    return tuple((n, n) for n in ends)


def geometry(rng: np.random.Generator, rank: int = 2) -> tuple[dict[str, Any], list[int]]:
    """Random attributes of a window and its kernel."""
    kernel = [int(rng.integers(1, 5)) for _ in range(rank)]
    forms = [(int(rng.integers(1, 4)), int(rng.integers(1, 3)), int(rng.integers(0, k))) for k in kernel]
    stride, dilation, padding = zip(*forms)
    return {"stride": stride, "dilation": dilation, "padding": pads(*padding)}, kernel


def groups(rng: np.random.Generator, attrs: dict[str, Any]) -> int:
    """One or several, which become an attribute."""
    attrs["groups"] = int(rng.integers(1, 4)) if rng.integers(2) else 1
    return attrs["groups"]


def reach(attrs: dict[str, Any], kernel: list[int]) -> list[int]:
    """Cells from the first to the last tap."""
    return [d * (k - 1) + 1 for d, k in zip(attrs["dilation"], kernel)]


def size(rng: np.random.Generator, attrs: dict[str, Any], kernel: list[int], most: int) -> list[int]:
    """Sizes that leave at least one position."""
    least = [extent - pad for extent, (pad, _) in zip(reach(attrs, kernel), attrs["padding"])]
    return [max(1, n) + int(rng.integers(0, most)) for n in least]


@on_host
@seeds
@over("rank", [2, 3])
def test_transposed_convolution(target: Target, seed: int, rank: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    attrs, kernel = geometry(rng, rank)
    g = groups(rng, attrs)
    if seed % 2:
        attrs["padding"] = pads(*[0] * rank)
    ic, oc = int(rng.integers(1, 7)), int(rng.choice([1, 3, 8, 17, 33]))
    positions = [int(rng.integers(2, 8)) + sum(ends) for ends in attrs["padding"]]
    w = given(floats(rng, g * ic, oc, *kernel), const=True)
    x = given(floats(rng, 2, g * ic, *positions))
    op = "ConvolutionBackwardData" if rank == 2 else "Convolution3DBackwardData"
    yield agree(op, attrs, [w, x], atol=1e-4)


@on_host
@over("stride", [1, 2, 3, 4])
def test_transposed_convolution_with_output_padding(target: Target, stride: int) -> Iterator[Case]:
    rng = np.random.default_rng(stride)
    attrs = {"stride": (stride, stride), "padding": pads(1, 1)}
    full = [(n - 1) * stride + 1 + stride - 1 for n in (5, 4)]
    w, x = given(floats(rng, 3, 9, 3, 3), const=True), given(floats(rng, 1, 3, 5, 4))
    yield agree("ConvolutionBackwardData", attrs, [w, x, given(np.zeros((1, 9, *full), np.float32), True)])


@on_host
@seeds
def test_3d_convolution(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    attrs, kernel = geometry(rng, 3)
    g = groups(rng, attrs)
    ic, oc = int(rng.integers(1, 7)), int(rng.choice([1, 3, 8, 17, 33]))
    x = given(floats(rng, 2, g * ic, *size(rng, attrs, kernel, 7)))
    w = given(floats(rng, g * oc, ic, *kernel), const=True)
    yield agree("Convolution3D", attrs, [x, w], atol=1e-4)


@on_host
@seeds
@over("dtype", ["int32", "uint8"])
def test_region_restricted_convolution(target: Target, seed: int, dtype: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    attrs, kernel = geometry(rng)
    g = groups(rng, attrs)
    ic, oc = int(rng.integers(1, 5)), int(rng.choice([1, 3, 8, 17]))
    x = floats(rng, 2, g * ic, *size(rng, attrs, kernel, 8))
    w = given(floats(rng, g * oc, ic, *kernel), const=True)
    out = positions(attrs, list(x.shape[2:]), kernel)
    inside = rng.integers(0, 3, (2, *x.shape[2:])).astype(dtype)
    outside = rng.integers(0, 3, (2, *out)).astype(dtype)
    yield agree("RegionRestrictedConvolution", attrs, [given(x), w, given(inside), given(outside)], atol=1e-4)


def positions(attrs: dict[str, Any], x: list[int], kernel: list[int]) -> list[int]:
    numbers = zip(x, attrs["padding"], reach(attrs, kernel), attrs["stride"])
    return [(n + sum(ends) - extent) // stride + 1 for n, ends, extent, stride in numbers]


@on_host
@seeds
@over("op", ["Local", "GroupLocal"])
def test_local_convolution(target: Target, seed: int, op: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    attrs, kernel = geometry(rng)
    lead = [int(rng.integers(1, 4))] if op == "GroupLocal" else []
    ic, oc = int(rng.integers(1, 5)), int(rng.choice([1, 3, 8, 17]))
    plane = size(rng, attrs, kernel, 6)
    x = given(floats(rng, 2, ic * int(np.prod(lead, dtype=int)), *plane))
    w = given(floats(rng, *lead, *positions(attrs, plane, kernel), ic, *kernel, oc), const=True)
    yield agree(op, attrs, [x, w], atol=1e-4)


@on_host
@seeds
def test_local_convolution_with_shared_areas(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    attrs, kernel = geometry(rng)
    attrs |= {"stride": (1, 1), "padding": pads(0, 0)}
    lead = [int(rng.integers(1, 4))] if rng.integers(2) else []
    g = int(np.prod(lead, dtype=int))
    areas, each = rng.integers(1, 4, 2), rng.integers(1, 4, 2)
    plane = [int(n * m + extent - 1) for n, m, extent in zip(areas, each, reach(attrs, kernel))]
    ic, oc = int(rng.integers(1, 5)), int(rng.choice([1, 3, 8, 17]))
    x = given(floats(rng, 2, g * ic, *plane))
    w = given(floats(rng, *lead, *areas, ic, *kernel, oc), const=True)
    yield agree("LocalShare", attrs, [x, w], atol=1e-4)


def test_computed_weights_are_refused_with_advice() -> None:
    rng = np.random.default_rng(0)
    inputs = [given(floats(rng, 2, 3, 3, 3)), given(floats(rng, 1, 2, 4, 4))]
    node = make("ConvolutionBackwardData", {}, inputs)
    with pytest.raises(Unsupported, match="weights .* are computed"):
        candidates(node, load_target("x86_64"))
