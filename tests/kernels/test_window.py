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


def geometry(rng: np.random.Generator, axes: str) -> tuple[dict[str, Any], list[int]]:
    """Random attributes of a window and its kernel."""
    kernel = [int(rng.integers(1, 5)) for _ in axes]
    attrs: dict[str, Any] = {"mode": str(rng.choice(["CROSS_CORRELATION", "CONVOLUTION"]))}
    for axis, k in zip(axes, kernel):
        attrs[f"stride_{axis}"] = int(rng.integers(1, 4))
        attrs[f"dilate_{axis}"] = int(rng.integers(1, 3))
        attrs[f"pad_{axis}"] = int(rng.integers(0, k))
    attrs["format"] = "NCDHW" if len(axes) == 3 else "NCHW"
    return attrs, kernel


def groups(rng: np.random.Generator, attrs: dict[str, Any]) -> tuple[int, list[int]]:
    """Number of groups and the axis they add to the weights."""
    grouped = bool(rng.integers(2))
    attrs["sparse"] = "GROUP" if grouped else "DENSE"
    count = int(rng.integers(1, 4)) if grouped else 1
    return count, [count] if grouped else []


def size(
    rng: np.random.Generator, attrs: dict[str, Any], axes: str, kernel: list[int], most: int
) -> list[int]:
    """Sizes that leave at least one position."""
    least = [attrs[f"dilate_{a}"] * (k - 1) + 1 - attrs[f"pad_{a}"] for a, k in zip(axes, kernel)]
    return [max(1, n) + int(rng.integers(0, most)) for n in least]


@on_host
@seeds
@over("axes", ["hw", "dhw"])
def test_transposed_convolution(target: Target, seed: int, axes: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    attrs, kernel = geometry(rng, axes)
    g, lead = groups(rng, attrs)
    for a in axes:
        attrs[f"pad_{a}"] = 0 if seed % 2 else attrs[f"pad_{a}"]
    ic, oc = int(rng.integers(1, 7)), int(rng.choice([1, 3, 8, 17, 33]))
    positions = [int(rng.integers(2, 8)) + attrs[f"pad_{a}"] * 2 for a in axes]
    w = given(floats(rng, *lead, ic, oc, *kernel), const=True)
    x = given(floats(rng, 2, g * ic, *positions))
    op = "ConvolutionBackwardData" if axes == "hw" else "Convolution3DBackwardData"
    yield agree(op, attrs, [w, x], atol=1e-4)


@on_host
@over("stride", [1, 2, 3, 4])
def test_transposed_convolution_with_output_padding(target: Target, stride: int) -> Iterator[Case]:
    rng = np.random.default_rng(stride)
    attrs = {f"stride_{a}": stride for a in "hw"} | {f"pad_{a}": 1 for a in "hw"}
    full = [(n - 1) * stride + 1 + stride - 1 for n in (5, 4)]
    w, x = given(floats(rng, 3, 9, 3, 3), const=True), given(floats(rng, 1, 3, 5, 4))
    yield agree("ConvolutionBackwardData", attrs, [w, x, given(np.zeros((1, 9, *full), np.float32), True)])


@on_host
@seeds
def test_3d_convolution(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    attrs, kernel = geometry(rng, "dhw")
    g, lead = groups(rng, attrs)
    ic, oc = int(rng.integers(1, 7)), int(rng.choice([1, 3, 8, 17, 33]))
    x = given(floats(rng, 2, g * ic, *size(rng, attrs, "dhw", kernel, 7)))
    w = given(floats(rng, *lead, oc, ic, *kernel), const=True)
    yield agree("Convolution3D", attrs, [x, w], atol=1e-4)


@on_host
@seeds
@over("dtype", ["int32", "uint8"])
def test_region_restricted_convolution(target: Target, seed: int, dtype: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    attrs, kernel = geometry(rng, "hw")
    g, lead = groups(rng, attrs)
    ic, oc = int(rng.integers(1, 5)), int(rng.choice([1, 3, 8, 17]))
    x = floats(rng, 2, g * ic, *size(rng, attrs, "hw", kernel, 8))
    w = given(floats(rng, *lead, oc, ic, *kernel), const=True)
    out = make(
        "Convolution3D", {"sparse": attrs["sparse"], **depth_one(attrs)}, flat3d(x, w[1])
    ).output.shape[3:]
    inside = rng.integers(0, 3, (2, *x.shape[2:])).astype(dtype)
    outside = rng.integers(0, 3, (2, *out)).astype(dtype)
    yield agree("RegionRestrictedConvolution", attrs, [given(x), w, given(inside), given(outside)], atol=1e-4)


def depth_one(attrs: dict[str, Any]) -> dict[str, Any]:
    return {**attrs, "stride_d": 1, "dilate_d": 1, "pad_d": 0, "format": "NCDHW"}


def flat3d(x: np.ndarray, w: np.ndarray) -> list[Any]:
    return [given(x[:, :, None]), given(np.expand_dims(w, -3), const=True)]


def local_output(attrs: dict[str, Any], x: list[int], kernel: list[int]) -> list[int]:
    return [
        (n + 2 * attrs[f"pad_{a}"] - attrs[f"dilate_{a}"] * (k - 1) - 1) // attrs[f"stride_{a}"] + 1
        for a, n, k in zip("hw", x, kernel)
    ]


@on_host
@seeds
@over("op", ["Local", "GroupLocal"])
def test_local_convolution(target: Target, seed: int, op: str) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    attrs, kernel = geometry(rng, "hw")
    lead = [int(rng.integers(1, 4))] if op == "GroupLocal" else []
    ic, oc = int(rng.integers(1, 5)), int(rng.choice([1, 3, 8, 17]))
    plane = size(rng, attrs, "hw", kernel, 6)
    x = given(floats(rng, 2, ic * int(np.prod(lead, dtype=int)), *plane))
    w = given(floats(rng, *lead, *local_output(attrs, plane, kernel), ic, *kernel, oc), const=True)
    yield agree(op, attrs, [x, w], atol=1e-4)


@on_host
@seeds
def test_local_convolution_with_shared_areas(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    attrs, kernel = geometry(rng, "hw")
    attrs |= {"stride_h": 1, "stride_w": 1, "pad_h": 0, "pad_w": 0}
    g, lead = groups(rng, attrs)
    areas, each = rng.integers(1, 4, 2), rng.integers(1, 4, 2)
    plane = [int(n * m + attrs[f"dilate_{a}"] * (k - 1)) for n, m, a, k in zip(areas, each, "hw", kernel)]
    ic, oc = int(rng.integers(1, 5)), int(rng.choice([1, 3, 8, 17]))
    x = given(floats(rng, 2, g * ic, *plane))
    w = given(floats(rng, *lead, *areas, ic, *kernel, oc), const=True)
    yield agree("LocalShare", attrs, [x, w], atol=1e-4)


def test_computed_weights_are_refused_with_advice() -> None:
    rng = np.random.default_rng(0)
    attrs = {"stride_h": 1, "stride_w": 1, "pad_h": 0, "pad_w": 0}
    node = make(
        "ConvolutionBackwardData", attrs, [given(floats(rng, 2, 3, 3, 3)), given(floats(rng, 1, 2, 4, 4))]
    )
    with pytest.raises(Unsupported, match="weights .* are computed"):
        candidates(node, load_target("x86_64"))
