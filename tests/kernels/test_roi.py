"""Kernels that pool regions of interest against the meaning of the operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cases import TWO, Arrays, Case, on, over
from harness import all_candidates, node, run_candidate, value
from mgecc.graph import Node
from mgecc.targets import Target

on_host = on(TWO)


def boxes(rng: np.random.Generator, count: int, images: int, size: float) -> np.ndarray:
    """Boxes that reach out of the image; some are empty or turned around."""
    corners = rng.uniform(-3, size + 3, (count, 4))
    corners[1:, 2:] = np.maximum(corners[1:, :2], corners[1:, 2:])
    return np.concatenate([rng.integers(0, images, (count, 1)), corners], 1).astype(np.float32)


def check(op: str, arrays: Arrays, consts: int = 0, **attrs: Any) -> Case:
    """``consts`` inputs at the end are constants."""

    def made() -> Node:
        first = len(arrays) - consts
        inputs = [
            value(f"x{i}", a.shape, str(a.dtype), a if i >= first else None) for i, a in enumerate(arrays)
        ]
        return node(op, inputs, **attrs)

    return Case(made, arrays, close)


def close(got: Arrays, want: Arrays) -> None:
    """Interpolated numbers agree to rounding, positions and counts exactly."""
    np.testing.assert_allclose(got[0], want[0], 1e-4, 1e-5)
    for positions, wanted in zip(got[1:], want[1:], strict=True):
        np.testing.assert_array_equal(positions, wanted)


def features(rng: np.random.Generator, channels: int | None = None) -> np.ndarray:
    n, c, h, w = (int(v) for v in rng.integers(1, (3, 6, 12, 12)))
    return rng.standard_normal((n, channels or c, h, w)).astype(np.float32)


@on_host
@over("mode", ["max", "average"])
def test_align(target: Target, mode: str) -> Iterator[Case]:
    rng = np.random.default_rng(31)
    for _ in range(20):
        x = features(rng)
        ph, pw, sh, sw = (int(v) for v in rng.integers(1, 5, 4))
        yield check("ROIAlign", [x, boxes(rng, 5, len(x), 11)], mode=mode,
            scale=float(rng.choice([1.0, 0.7])), offset=float(rng.choice([0.0, 0.5])),
            size=(ph, pw), samples=(sh, sw),
        )  # fmt: skip


@on_host
@over("mode", ["max", "average"])
@over("least", [0.0, 1.0])
def test_align_with_samples_moved_to_the_edge(target: Target, mode: str, least: float) -> Iterator[Case]:
    rng = np.random.default_rng(34)
    for _ in range(10):
        x = features(rng)
        ph, pw, sh, sw = (int(v) for v in rng.integers(1, 5, 4))
        yield check("ClampedROIAlign", [x, boxes(rng, 5, len(x), 11)], mode=mode, least=least,
            scale=float(rng.choice([1.0, 0.7])), offset=0.5, size=(ph, pw), samples=(sh, sw),
        )  # fmt: skip


@on_host
@over("mode", ["max", "average"])
@over("least", [0.0, 1.0])
def test_align_with_samples_as_boxes_want(target: Target, mode: str, least: float) -> Iterator[Case]:
    rng = np.random.default_rng(35)
    for size in (11.0, 11.0, 11.0, 60.0):
        x = features(rng)
        ph, pw = (int(v) for v in rng.integers(1, 5, 2))
        arrays = [x, boxes(rng, 5, len(x), size)]
        yield check("AdaptiveROIAlign", arrays, mode=mode, least=least, scale=0.7, offset=0.5, size=(ph, pw))


@on_host
@over("mode", ["max", "average"])
def test_pooling(target: Target, mode: str) -> Iterator[Case]:
    rng = np.random.default_rng(32)
    for _ in range(20):
        x = features(rng)
        size = rng.integers(1, 5, 2).astype(np.int32)
        arrays = [x, boxes(rng, 5, len(x), 11), size]
        yield check("ROIPooling", arrays, 1, mode=mode, scale=float(rng.choice([1.0, 0.5, 0.8])))


@on_host
@over("moved", [True, False])
def test_deformable(target: Target, moved: bool) -> Iterator[Case]:
    rng = np.random.default_rng(33)
    for _ in range(20):
        classes, part, per = (int(v) for v in rng.integers(1, 4, 3))
        x = features(rng, 2 * classes)
        trans = rng.standard_normal((4, 2 * classes, part, part)).astype(np.float32)
        ph, pw = (int(v) for v in rng.integers(1, 5, 2))
        yield check("DeformablePSROIPooling", [x, boxes(rng, 4, len(x), 11), trans], moved=moved,
            scale=0.9, movement_scale=0.13, size=(ph, pw), parts=part, samples=per,
        )  # fmt: skip


@pytest.mark.parametrize("target", TWO, ids=[t.isa for t in TWO])
def test_wild_boxes_stay_inside_the_image(target: Target) -> None:
    rois = np.array([[np.nan] * 5, [9, -np.inf, 0, np.inf, 1e30], [-4, 1e9, -1e9, 3e38, 2.0**31]], np.float32)
    x = np.ones((1, 1, 4, 4), np.float32)
    attrs: dict[str, dict[str, Any]] = {
        "ROIAlign": {"size": (2, 2)},
        "AdaptiveROIAlign": {"size": (2, 2)},
        "ROIPooling": {"mode": "average"},
        "DeformablePSROIPooling": {"size": (2, 2), "samples": 2},
    }
    for op, chosen in attrs.items():
        inputs = [value("x", x.shape), value("rois", rois.shape)]
        third = np.array([2, 2], np.int32) if op == "ROIPooling" else np.zeros((3, 2, 1, 1), np.float32)
        extra = [] if op.endswith("ROIAlign") else [third]
        inputs += [value("e", e.shape, str(e.dtype), e) for e in extra]
        tested = node(op, inputs, **chosen)
        (candidate,) = all_candidates(tested, target)
        got = run_candidate(tested, target, candidate, [x, rois, *extra])
        assert got[0].shape == (3, 1, 2, 2)
