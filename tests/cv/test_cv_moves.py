"""Functions that move pixels do so for any size, number of channels and distance of rows."""

from collections.abc import Callable

import numpy as np
import pytest
from image_library import run
from image_targets import native_targets
from mgecc.targets import Target
from pictures import picture

TARGETS = pytest.mark.parametrize("target", native_targets(), ids=lambda t: t.isa)
SHAPES = [(1, 1, 1), (1, 7, 3), (9, 1, 4), (33, 70, 1), (64, 31, 3), (5, 6, 2), (40, 35, 6), (13, 17, 5)]
MEANINGS: dict[tuple[str, str, tuple[int, ...]], Callable[[np.ndarray], np.ndarray]] = {
    ("transpose", "ui8", ()): lambda x: x.swapaxes(0, 1),
    ("flip", "ui8", (0, 0)): lambda x: x,
    ("flip", "ui8", (1, 0)): lambda x: x[::-1],
    ("flip", "ui8", (0, 1)): lambda x: x[:, ::-1],
    ("flip", "ui8", (1, 1)): lambda x: x[::-1, ::-1],
    ("rotate", "ui8", (1,)): lambda x: np.rot90(x, -1),
    ("rotate", "ui8", (0,)): lambda x: np.rot90(x),
    ("rotate", "f16", (1,)): lambda x: np.rot90(x, -1),
    ("rotate", "f16", (0,)): lambda x: np.rot90(x),
}


@TARGETS
@pytest.mark.parametrize("what", MEANINGS, ids=lambda w: f"{w[0]}-{w[1]}-{w[2]}")
def test_pixels_arrive_where_they_belong(what: tuple[str, str, tuple[int, ...]], target: Target) -> None:
    name, dtype, args = what
    for seed, shape in enumerate(SHAPES):
        src = picture(seed, "noise", shape, dtype)
        expected = MEANINGS[what](src)
        result = run(target, (name, dtype), src, expected.shape, args, (seed % 5, seed % 3))
        np.testing.assert_array_equal(result, expected, err_msg=str(shape))


@TARGETS
def test_every_region_of_a_small_picture_is_copied(target: Target) -> None:
    src = picture(0, "noise", (4, 5, 3), "ui8")
    for top in range(4):
        for low in range(top + 1, 5):
            for left in range(5):
                for right in range(left + 1, 6):
                    expected = src[top:low, left:right]
                    result = run(
                        target, ("roicopy", "ui8"), src, expected.shape, (top, low, left, right), (1, 2)
                    )
                    np.testing.assert_array_equal(result, expected)
