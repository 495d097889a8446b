"""Image functions give OpenCV 4's bytes; tests/data/cv/make_golden.py recorded them."""

import json
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_library import run
from image_targets import native_targets
from mgecc.config import load_cases
from mgecc.cv import cv_functions
from mgecc.targets import Target
from pictures import picture

DATA = Path(__file__).resolve().parents[1] / "data" / "cv"
ROWS = json.loads((DATA / "opencv.json").read_text())
NAMES = sorted({row[0] for row in ROWS})
TARGETS = pytest.mark.parametrize("target", native_targets(), ids=lambda t: t.isa)
# OpenCV sums along the rows first and has its own order of terms; the largest value is 1.
BLUR_ERROR = 1e-6


@cache
def arrays() -> dict[str, np.ndarray]:
    return load_cases(DATA / "opencv.npz")


def arguments(name: str, stored: Sequence[Any]) -> list[Any]:
    """From the flat numbers of an .npz."""
    if name.startswith("warp"):
        return [stored[:6], *(int(v) for v in stored[6:])]
    if name.startswith("gaussian"):
        return [int(stored[0]), int(stored[1]), float(stored[2]), float(stored[3])]
    return list(stored)


@TARGETS
@pytest.mark.parametrize("name", NAMES)
def test_bytes_of_random_pictures_are_those_of_opencv(name: str, target: Target) -> None:
    for _, seed, kind, src, dst, args, crc in (row for row in ROWS if row[0] == name):
        result = run(target, (name, "ui8"), picture(seed, kind, src, "ui8"), dst, args, (seed % 4, seed % 3))
        assert zlib.crc32(result.tobytes()) == crc, (seed, kind, src, dst, args)


@TARGETS
@pytest.mark.parametrize("key", [k for k in sorted(arrays()) if k.startswith("f32") and k.count(".") == 2])
def test_results_in_single_precision_are_near_those_of_opencv(key: str, target: Target) -> None:
    _, name, seed = key.split(".")
    src = picture(int(seed), ("noise", "extremes", "ramp")[int(seed) % 3], arrays()[f"{key}.src"], "f32")
    expected = arrays()[key]
    result = run(target, (name, "f32"), src, expected.shape, arguments(name, arrays()[f"{key}.args"]), (3, 1))
    assert np.abs(result - expected).max() <= (BLUR_ERROR if name.startswith("gaussian") else 0)


def blurred(src: np.ndarray, taps: tuple[int, int], sigma: tuple[float, float], mode: str) -> np.ndarray:
    """The definition, in double precision."""
    result = src.astype(np.float64)
    for axis in (0, 1):
        half = taps[axis] // 2
        weights = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma[axis]) ** 2)
        weights /= weights.sum()
        widths = [(half, half) if k == axis else (0, 0) for k in range(3)]
        padded = np.pad(result, widths, mode=mode)
        moved = [np.take(padded, np.arange(k, k + result.shape[axis]), axis) for k in range(len(weights))]
        result = sum(w * m for w, m in zip(weights, moved))
    return result


@TARGETS
@pytest.mark.parametrize(
    ("border", "mode"),
    [("constant", "constant"), ("replicate", "edge"), ("reflect", "symmetric"), ("reflect_101", "reflect")],
)
def test_wide_pictures_are_blurred_by_large_kernels(border: str, mode: str, target: Target) -> None:
    for shape, taps, sigma in [((9, 700, 4), (7, 127), (1.5, 20.0)), ((70, 5, 1), (127, 9), (15.0, 2.0))]:
        src = picture(1, "noise", shape, "f32")
        result = run(
            target, (f"gaussian_blur_{border}", "f32"), src, shape, [*taps, sigma[1], sigma[0]], (1, 2)
        )
        assert np.abs(result - blurred(src, taps, sigma, mode)).max() <= BLUR_ERROR


@TARGETS
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_half_the_size_is_the_mean_of_four_pixels_rounded_up(channels: int, target: Target) -> None:
    src = picture(channels, "noise", (18, 74, channels), "ui8")
    four = src.reshape(9, 2, 37, 2, channels).astype(int).sum((1, 3))
    result = run(target, ("resize_linear", "ui8"), src, (9, 37, channels), [], (2, 1))
    np.testing.assert_array_equal(result, (four + 2) // 4)


@TARGETS
@pytest.mark.parametrize("key", [k for k in sorted(arrays()) if k.startswith("photo.")])
def test_a_photograph_becomes_what_opencv_makes_of_it(key: str, target: Target) -> None:
    turn = [0.8, -0.35, 9.5, 0.3, 0.9, -4.25]
    more = {"warp_affine_constant_linear": [turn, 17], "warp_affine_replicate_linear": [turn],
            "gaussian_blur_reflect_101": [7, 5, 1.3, 0.0]}  # fmt: skip
    name = key.removeprefix("photo.")
    result = run(target, (name, "ui8"), arrays()["photo"], arrays()[key].shape, more.get(name, []), (5, 2))
    np.testing.assert_array_equal(result, arrays()[key])


def test_every_function_is_compared_with_opencv() -> None:
    single = {(key.split(".")[1], "f32") for key in arrays() if key.startswith("f32")}
    # OpenCV has no half precision to turn; moving is moving, whatever the numbers are.
    assert {(name, "ui8") for name in NAMES} | single | {("rotate", "f16")} == set(cv_functions())
