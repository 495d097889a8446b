"""A wrong argument gives its status and writes nothing."""

from typing import Any

import numpy as np
import pytest
from image_library import NUMPY, Image, call, image
from mgecc.cv import cv_functions
from mgecc.targets import Target, load_target

PLAIN = load_target("baremetal")
MATRIX = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
ARGUMENTS: dict[str, list[Any]] = {
    "flip": [1, 0], "rotate": [1], "roicopy": [0, 4, 0, 6],
    "warp_affine_constant_linear": [MATRIX, 9], "warp_affine_replicate_linear": [MATRIX],
}  # fmt: skip
SHAPES = {
    "transpose": ((4, 6, 3), (6, 4, 3)), "rotate": ((4, 6, 3), (6, 4, 3)), "rgb2gray": ((4, 6, 3), (4, 6, 1)),
    "gray2rgb": ((4, 6, 1), (4, 6, 3)), "yuv2bgr_nv21": ((6, 6, 1), (4, 6, 3)),
}  # fmt: skip
ANY_CHANNELS = ("transpose", "flip", "rotate", "roicopy")
ANY_SIZES = ("resize_linear", "warp_affine_constant_linear", "warp_affine_replicate_linear")
EVERY = pytest.mark.parametrize("key", cv_functions(), ids="-".join)
Key = tuple[str, str]


def args_of(name: str) -> list[Any]:
    return [3, 3, 1.0, 1.0] if name.startswith("gaussian") else ARGUMENTS.get(name, [])


class Trial:
    """A call that would succeed, to be spoilt."""

    def __init__(self, key: Key) -> None:
        self.key, self.args = key, args_of(key[0])
        shapes = SHAPES.get(key[0], ((4, 6, 3), (4, 6, 3)))
        self.memory = [np.full((s[0] + 8, (s[1] + 8) * (s[2] + 4)), 7, NUMPY[key[1]]) for s in shapes]
        self.images = [
            image(m[: s[0], : s[1] * s[2]].reshape(s), key[1]) for m, s in zip(self.memory, shapes)
        ]
        for i, (m, s) in enumerate(zip(self.memory, shapes)):
            self.images[i] = Image(m.ctypes.data, *s, m.strides[0], self.images[i].dtype)
        self.before = [m.copy() for m in self.memory]

    def status(self, src: bool = True, dst: bool = True) -> str:
        given = [img if there else None for img, there in zip(self.images, (src, dst))]
        result = call(PLAIN, cv_functions()[self.key], *given, self.args)
        if result != "OK":
            assert all(np.array_equal(a, b) for a, b in zip(self.memory, self.before)), (
                "wrote in spite of an error"
            )
        return result


@EVERY
def test_a_call_without_mistakes_succeeds(key: Key) -> None:
    assert Trial(key).status() == "OK"


@EVERY
def test_null_pointers_are_refused(key: Key) -> None:
    assert Trial(key).status(src=False) == "NULL"
    assert Trial(key).status(dst=False) == "NULL"
    for i in range(2):
        trial = Trial(key)
        trial.images[i].data = None
        assert trial.status() == "NULL"


@EVERY
@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("dtype", 2, "DTYPE"), ("rows", 0, "SIZE"), ("cols", -1, "SIZE"), ("channels", 0, "CHANNELS"),
        ("stride", 1, "STRIDE"), ("stride", -64, "STRIDE"), ("cols", 2**31 - 1, "STRIDE"),
        ("channels", 2**31 - 1, "STRIDE"),
    ],
)  # fmt: skip
def test_images_that_cannot_be_are_refused(key: Key, field: str, value: int, status: str) -> None:
    for i in range(2):
        trial = Trial(key)
        setattr(trial.images[i], field, value)
        assert trial.status() == status


@pytest.mark.parametrize("key", [k for k in cv_functions() if k[1] != "ui8"], ids="-".join)
def test_elements_must_be_aligned(key: Key) -> None:
    for i in range(2):
        trial = Trial(key)
        trial.images[i].data += 1
        assert trial.status() == "ALIGN"
        trial = Trial(key)
        trial.images[i].stride += 1
        assert trial.status() == "STRIDE"


@EVERY
def test_sizes_that_do_not_belong_together_are_refused(key: Key) -> None:
    for field in ("rows", "cols"):
        trial = Trial(key)
        setattr(trial.images[1], field, getattr(trial.images[1], field) + 1)
        assert trial.status() == ("OK" if key[0] in ANY_SIZES else "SIZE")


@EVERY
def test_numbers_of_channels_are_checked(key: Key) -> None:
    trial = Trial(key)
    trial.images[1].channels += 1
    assert trial.status() == "CHANNELS"
    trial = Trial(key)
    trial.images[0].channels = trial.images[1].channels = 5
    assert trial.status() == ("OK" if key[0] in ANY_CHANNELS else "CHANNELS")


@EVERY
def test_images_that_share_a_byte_are_refused(key: Key) -> None:
    trial = Trial(key)
    trial.images[1].data = trial.images[0].data
    assert trial.status() == "OVERLAP"
    trial = Trial(key)
    last = trial.images[0].rows - 1
    trial.images[1].data = trial.images[0].data + last * trial.images[0].stride
    assert trial.status() == "OVERLAP"


def test_regions_of_one_image_may_lie_side_by_side() -> None:
    memory = np.arange(4 * 20, dtype=np.uint8).reshape(4, 20)
    key = ("flip", "ui8")
    for at, status in ((9, "OVERLAP"), (10, "OK"), (11, "OVERLAP")):
        left = Image(memory.ctypes.data, 4, 10, 1, 20, 6)
        right = Image(memory.ctypes.data + at, 4, 10, 1, 20, 6)
        assert call(PLAIN, cv_functions()[key], left, right, [0, 0]) == status


@pytest.mark.parametrize(
    ("name", "args"),
    [
        *(("roicopy", a) for a in ([-1, 4, 0, 6], [0, 5, 0, 6], [2, 2, 0, 6])),
        *(("roicopy", a) for a in ([0, 4, -1, 6], [0, 4, 0, 7], [0, 4, 3, 3])),
        *(
            ("gaussian_blur_reflect", a)
            for a in (
                [2, 3, 1.0, 1.0], [3, 4, 1.0, 1.0], [129, 3, 1.0, 1.0], [0, 0, 0.0, 0.0], [0, 0, 1e5, 1.0],
                [3, 3, float("nan"), 1.0], [3, 3, 1.0, float("inf")], [-1, 3, 0.0, 0.0],
            )
        ),
        ("warp_affine_replicate_linear", [[float("nan"), *MATRIX[1:]]]),
        ("warp_affine_constant_linear", [[*MATRIX[:5], 1e12], 0]),
    ],
)  # fmt: skip
def test_other_arguments_are_checked(name: str, args: list[Any]) -> None:
    trial = Trial((name, "ui8"))
    trial.args = args
    assert trial.status() == "ARGUMENT"


def test_a_matrix_must_be_given() -> None:
    trial = Trial(("warp_affine_replicate_linear", "ui8"))
    trial.args = [None]
    assert trial.status() == "NULL"


@pytest.mark.parametrize("target", [PLAIN], ids=["scalar"])
def test_extreme_matrices_stay_inside_of_the_image(target: Target) -> None:
    for m in ([1e9 - 1] * 6, [-1e9 + 1] * 6, [0.0] * 6, [1e-300] * 6):
        trial = Trial(("warp_affine_replicate_linear", "ui8"))
        trial.args = [m]
        assert trial.status() == "OK"
        assert (trial.memory[1][:4, :18] == 7).all()
