"""Image operators: what holds beyond the corpus."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from handmade_nodes import run
from mgecc.graph import Unsupported
from mgecc.ops.sampling import BORDERS
from mgecc.ops.warp import affine_coordinates, perspective_coordinates, whole_weights

RNG = np.random.default_rng(3)
IMAGE = RNG.standard_normal((1, 3, 6, 5)).astype(np.float32)
BYTES = RNG.integers(0, 256, (1, 6, 5, 3)).astype(np.uint8)


# Four rows of two pixels, as MegEngine 1.13 converts them.
PLANES = {
    "yuv2rgb_nv21": [
        117, 255, 255, 0, 29, 216, 0, 45, 232, 97, 255, 255, 90, 108, 0, 200, 218, 109, 7, 25, 0, 128, 146, 37
    ],
    "bt601_yuv2bgr_nv12": [
        82, 217, 255, 0, 0, 176, 0, 0, 194, 59, 194, 255, 86, 128, 5, 214, 255, 133, 0, 31, 0, 130, 172, 49
    ],
    "yuv2bgr_yv12": [
        255, 255, 117, 0, 71, 0, 16, 87, 0, 235, 255, 97, 0, 21, 255, 109, 131, 255, 0, 0, 178, 37, 59, 255
    ],
    "bt601_yuv2rgb_yu12": [
        255, 255, 82, 0, 20, 0, 0, 38, 0, 255, 255, 59, 5, 80, 255, 133, 208, 255, 0, 0, 234, 49, 124, 255
    ],
    "yuv2gray_yu12": [255, 0, 16, 235, 90, 200, 7, 128],
}  # fmt: skip


def ints(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int32)


@pytest.mark.parametrize(
    "border, want",
    [
        ("replicate", [0, 0, 0, 0, 1, 2, 2, 2, 2]),
        ("reflect", [2, 1, 0, 0, 1, 2, 2, 1, 0]),
        ("reflect_101", [1, 2, 1, 0, 1, 2, 1, 0, 1]),
        ("wrap", [0, 1, 2, 0, 1, 2, 0, 1, 2]),
    ],
)
def test_borders(border: str, want: list[int]) -> None:
    assert BORDERS[border](np.arange(-3, 6), 3).tolist() == want


@pytest.mark.parametrize("border", sorted(BORDERS))
def test_borders_of_a_single_pixel(border: str) -> None:
    assert BORDERS[border](np.arange(-3, 4), 1).tolist() == [0] * 7


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_resizing_to_the_same_size_changes_nothing(mode: str, layout: str) -> None:
    x = IMAGE if layout == "nchw" else BYTES
    size = x.shape[2:] if layout == "nchw" else x.shape[1:3]
    (result,) = run("Resize", {"mode": mode, "layout": layout}, x, ints(*size))
    np.testing.assert_allclose(result, x, rtol=1e-6)


def test_formats_are_resized_alike() -> None:
    attrs = {"mode": "linear"}
    plain = run("Resize", {**attrs, "layout": "nchw"}, IMAGE, ints(9, 7))[0]
    last = run("Resize", {**attrs, "layout": "nhwc"}, IMAGE.transpose(0, 2, 3, 1), ints(9, 7))[0]
    np.testing.assert_array_equal(last.transpose(0, 3, 1, 2), plain)


def test_sizes_given_as_floats_are_truncated() -> None:
    size = np.array([7.9, 3.2], np.float32)
    assert run("Resize", {"mode": "linear", "layout": "nchw"}, IMAGE, size)[0].shape == (1, 3, 7, 3)


def test_single_pixels_can_be_enlarged() -> None:
    one = np.full((1, 1, 1, 1), 3, np.float32)
    for mode in ("linear", "cubic"):
        (result,) = run("Resize", {"mode": mode, "layout": "nchw"}, one, ints(4, 3))
        np.testing.assert_allclose(result, np.full((1, 1, 4, 3), 3), rtol=1e-6)


def test_aligned_volumes_keep_their_corners() -> None:
    x = RNG.standard_normal((1, 3, 4, 5, 2)).astype(np.float32)
    attrs = {"layout": "ndhwc", "align_corners": True}
    (result,) = run("Resize3D", attrs, x, ints(5, 7, 9))
    np.testing.assert_allclose(result[:, ::4, ::6, ::8], x[:, ::2, ::3, ::4], rtol=1e-6)


def test_bytes_are_rounded_after_sums_in_megengines_order() -> None:
    """Row by row of an image what MegEngine 1.13 gives; columns of sums of rows give 165 in place of 164."""
    x = np.array([[211, 32], [174, 1]], np.uint8)
    want = [
        [211, 193, 122, 50, 32],
        [211, 193, 122, 50, 32],
        [203, 185, 114, 43, 25],
        [193, 175, 105, 34, 17],
        [182, 164, 95, 25, 8],
        [174, 157, 88, 18, 1],
        [174, 157, 88, 18, 1],
    ]
    (plain,) = run("Resize", {"mode": "linear", "layout": "nchw"}, x[None, None], ints(7, 5))
    (last,) = run("Resize", {"mode": "linear", "layout": "nhwc"}, np.stack([x, x], -1)[None], ints(7, 5))
    assert plain[0, 0].tolist() == last[0, ..., 1].tolist() == want


@pytest.mark.parametrize("mode", ["cubic", "area", "lanczos4"])
def test_images_that_are_neither_gray_nor_coloured_interpolate_linearly(mode: str) -> None:
    x = BYTES[..., :2]
    (result,) = run("Resize", {"mode": mode, "layout": "nhwc"}, x, ints(9, 7))
    np.testing.assert_array_equal(
        result, run("Resize", {"mode": "linear", "layout": "nhwc"}, x, ints(9, 7))[0]
    )


def test_eight_taps_are_rounded_as_opencv_rounds_them() -> None:
    """MegEngine 1.13 gives these numbers."""
    x = np.array([0, 255, 3, 200, 255, 0, 0, 255, 90, 17], np.uint8).reshape(1, 1, 10, 1)
    (result,) = run("Resize", {"mode": "lanczos4", "layout": "nhwc"}, x, ints(1, 7))
    assert result.ravel().tolist() == [65, 93, 221, 136, 0, 235, 15]


@pytest.mark.parametrize("mode", ["area", "lanczos4"])
def test_interpolations_that_megengine_does_not_compute_are_refused(mode: str) -> None:
    with pytest.raises(Unsupported, match=f"MegEngine computes no Resize of NCHW images in mode {mode}"):
        run("Resize", {"mode": mode, "layout": "nchw"}, IMAGE, ints(4, 4))


def test_areas_of_coloured_images_are_refused() -> None:
    with pytest.raises(Unsupported, match="area of images with 3 channels") as error:
        run("Resize", {"mode": "area", "layout": "nhwc"}, BYTES, ints(4, 4))
    assert error.value.advice == "use nearest, linear, cubic, lanczos4"


def warp(x: np.ndarray, matrix: Any, size: tuple[int, int], **attrs: Any) -> np.ndarray:
    return run("WarpPerspective", attrs, x, np.array(matrix, np.float32)[None], ints(*size))[0]


SHIFT = [[1, 0, 1], [0, 1, -1], [0, 0, 1]]


@pytest.mark.parametrize("mode", ["linear", "nearest"])
def test_whole_shifts_move_pixels(mode: str) -> None:
    result = warp(IMAGE, SHIFT, (6, 5), mode=mode, border="constant", outside=9.0)
    np.testing.assert_array_equal(result[:, :, 1:, :4], IMAGE[:, :, :5, 1:])
    assert (result[:, :, 0] == 9).all() and (result[:, :, :, 4] == 9).all()


def test_the_two_warps_agree() -> None:
    turned = [[0.9, 0.2, 0.3], [-0.1, 1.1, 0.4], [0, 0, 1]]
    affine = run("WarpAffine", {"border": "wrap"}, IMAGE, np.array(turned[:2], np.float32)[None], ints(4, 4))[
        0
    ]
    np.testing.assert_allclose(affine, warp(IMAGE, turned, (4, 4), border="wrap"), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("make, rows", [(perspective_coordinates, 3), (affine_coordinates, 2)])
def test_fixed_point_coordinates_are_multiples_near_the_exact_ones(make: Any, rows: int) -> None:
    matrix = np.array([[0.91, 0.13, 0.37], [-0.21, 1.07, 0.59], [0.001, 0.002, 1]], np.float32)[None, :rows]
    for exact, fixed in zip(make(matrix, (8, 9), 0), make(matrix, (8, 9), 32)):
        assert (fixed * 32 == np.round(fixed * 32)).all()
        assert np.abs(exact - fixed).max() <= 0.5 / 32 + 2 / 1024


def test_a_vanishing_depth_reads_the_first_pixel_of_fixed_point_images() -> None:
    result = warp(BYTES, [[1, 0, 0], [0, 1, 0], [0, 0, 0]], (2, 2), layout="nhwc")
    np.testing.assert_array_equal(result, np.broadcast_to(BYTES[:, :1, :1], (1, 2, 2, 3)))


def test_coordinates_that_are_not_finite_do_not_fail() -> None:
    assert warp(IMAGE, [[1, 0, 0], [0, 1, 0], [0, 0, 0]], (2, 2), border="constant").shape == (1, 3, 2, 2)


@pytest.mark.parametrize(
    ("mode", "want"),
    [
        ("linear", [[121, 164, 22, 130, 145], [153, 14, 0, 73, 73]]),
        ("cubic", [[155, 191, 7, 143, 171], [188, 0, 0, 82, 90]]),
        ("lanczos4", [[170, 174, 1, 127, 193], [195, 0, 0, 89, 99]]),
    ],
)
def test_bytes_of_two_channels_are_warped_in_fixed_point(mode: str, want: list[list[int]]) -> None:
    """MegEngine 1.13 gives these numbers."""
    x = np.array([[0, 255, 3, 200, 90], [255, 17, 0, 64, 31], [5, 250, 128, 9, 77]], np.uint8)
    matrix = np.array([[[0.8, 0.1, 0.3], [-0.1, 0.7, 0.4]]], np.float32)
    attrs = {"mode": mode, "border": "constant", "outside": 7.0, "layout": "nhwc"}
    (result,) = run("WarpAffine", attrs, np.stack([x, 255 - x], -1)[None], matrix, ints(2, 5))
    assert result[0, ..., 0].tolist() == want


@pytest.mark.parametrize("mode", ["cubic", "lanczos4"])
def test_weights_of_bytes_sum_to_one_at_every_place(mode: str) -> None:
    assert (whole_weights(mode).sum((2, 3)) == 1 << 15).all()


def test_warps_of_planes_by_many_taps_are_refused() -> None:
    with pytest.raises(Unsupported) as error:
        warp(IMAGE, SHIFT, (2, 2), mode="cubic")
    assert error.value.advice == "use linear or nearest"


def test_regions_must_name_an_image() -> None:
    boxes = np.array([[1, 0, 0, 3, 3]], np.float32)
    with pytest.raises(IndexError):
        run("ROIPooling", {"mode": "max"}, IMAGE, boxes, ints(2, 2))


def test_pooled_regions_name_their_largest_pixel() -> None:
    boxes = np.array([[0, 0, 0, 4, 5]], np.float32)
    values, places = run("ROIPooling", {"mode": "max"}, IMAGE, boxes, ints(2, 2))
    np.testing.assert_array_equal(
        values.reshape(3, -1), np.take_along_axis(IMAGE.reshape(3, -1), places.reshape(3, -1), 1)
    )


def test_regions_outside_of_the_image_are_empty() -> None:
    boxes = np.array([[0, 40, 40, 44, 44]], np.float32)
    values, places = run("ROIPooling", {"mode": "average"}, IMAGE, boxes, ints(1, 1))
    assert (values == 0).all() and (places == -1).all()


def test_aligned_regions_of_a_plane_give_the_plane() -> None:
    ramp = np.broadcast_to(np.arange(8, dtype=np.float32), (1, 1, 8, 8))
    boxes = np.array([[0, 1, 1, 5, 5]], np.float32)
    attrs = {"size": (2, 2), "mode": "average"}
    np.testing.assert_allclose(run("ROIAlign", attrs, ramp, boxes)[0][0, 0], [[2, 4], [2, 4]], rtol=1e-6)


PART = {"size": (2, 2), "samples": 2, "parts": 2, "movement_scale": 0.1}


def test_movements_of_zero_are_as_good_as_none() -> None:
    boxes, still = np.array([[0, 0, 0, 3, 4]], np.float32), np.zeros((1, 2, 2, 2), np.float32)
    moved = run("DeformablePSROIPooling", {**PART, "moved": True}, IMAGE, boxes, still)
    fixed = run("DeformablePSROIPooling", {**PART, "moved": False}, IMAGE, boxes, still)
    np.testing.assert_array_equal(moved[0], fixed[0])
    assert (fixed[1] == 4).all()


def test_colours() -> None:
    def convert(mode: str, x: np.ndarray) -> np.ndarray:
        return run("CvtColor", {"mode": mode}, x)[0]

    np.testing.assert_array_equal(convert("rgb2bgr", BYTES), BYTES[..., ::-1])
    np.testing.assert_array_equal(convert("bgr2gray", BYTES), convert("rgb2gray", convert("bgr2rgb", BYTES)))
    real = convert("rgb2gray", BYTES.astype(np.float32))
    assert np.abs(real - convert("rgb2gray", BYTES)).max() <= 0.51
    gray = convert("rgb2gray", BYTES)
    np.testing.assert_array_equal(convert("rgb2gray", convert("gray2rgb", gray)), gray)
    rgba = np.concatenate([BYTES, BYTES[..., :1]], -1)
    np.testing.assert_array_equal(convert("rgba2bgr", rgba), BYTES[..., ::-1])
    with pytest.raises(Unsupported, match="yuv2rgb_nv21 needs one channel of uint8"):
        convert("yuv2rgb_nv21", BYTES)
    with pytest.raises(Unsupported, match="rgb2ycrcb is not served") as error:
        convert("rgb2ycrcb", BYTES)
    assert "or use bgr2gray, bgr2rgb" in error.value.advice


def test_yuv_is_what_megengine_makes_of_bytes() -> None:
    x = np.array([[255, 0, 0], [0, 255, 17], [3, 200, 255], [128, 127, 5], [90, 14, 250]], np.uint8)
    to = [[29, 239, 103], [155, 52, 7], [194, 34, 181], [91, 146, 53], [93, 127, 255]]
    back = [[0, 255, 109], [255, 14, 0], [149, 0, 148], [126, 200, 0], [0, 64, 229]]
    assert run("CvtColor", {"mode": "rgb2yuv"}, x[None, None])[0][0, 0].tolist() == to
    assert run("CvtColor", {"mode": "yuv2rgb"}, x[None, None])[0][0, 0].tolist() == back


@pytest.mark.parametrize(("mode", "want"), PLANES.items())
def test_planes_are_what_megengine_makes_of_them(mode: str, want: list[int]) -> None:
    x = np.array([[255, 0], [16, 235], [90, 200], [7, 128], [30, 250], [128, 77]], np.uint8)
    assert run("CvtColor", {"mode": mode}, x[None, ..., None])[0].ravel().tolist() == want


def test_planes_need_rows_for_chroma() -> None:
    with pytest.raises(Unsupported, match="4 rows of 2 bytes") as error:
        run("CvtColor", {"mode": "yuv2rgb_nv12"}, np.zeros((1, 4, 2, 1), np.uint8))
    assert error.value.advice == "give it a multiple of 3 rows and an even number of columns"


def test_yuv_of_floats_comes_back() -> None:
    x = RNG.uniform(0, 1, (1, 4, 5, 3)).astype(np.float32)
    (yuv,) = run("CvtColor", {"mode": "rgb2yuv"}, x)
    np.testing.assert_allclose(run("CvtColor", {"mode": "yuv2rgb"}, yuv)[0], x, atol=2e-3)


def test_mirroring_and_turning() -> None:
    flipped = run("Flip", {"vertical": True, "horizontal": False}, BYTES)[0]
    np.testing.assert_array_equal(flipped, BYTES[:, ::-1])
    turned = run("Rotate", {"clockwise": True}, BYTES)[0]
    assert turned.shape == (1, 5, 6, 3)
    np.testing.assert_array_equal(turned[0, 0, :, 0], BYTES[0, ::-1, 0, 0])
    np.testing.assert_array_equal(run("Rotate", {"clockwise": False}, turned)[0], BYTES)


BLUR = {"border": "reflect_101", "window": (3, 5)}


def test_blurring_keeps_the_mean_of_a_flat_image_and_spreads_a_point() -> None:
    flat = np.full((1, 6, 6, 1), 7, np.float32)
    np.testing.assert_allclose(run("GaussianBlur", BLUR, flat)[0], flat, rtol=1e-6)
    point = np.zeros((1, 7, 7, 1), np.float32)
    point[0, 3, 3] = 64
    spread = run("GaussianBlur", BLUR, point)[0][0, ..., 0]
    np.testing.assert_allclose(spread[3, 1:6], 32 * np.array([1, 4, 6, 4, 1]) / 16)
    np.testing.assert_allclose(spread[2:5, 3], 24 * np.array([1, 2, 1]) / 4)


def test_the_window_of_a_blur_follows_from_sigma() -> None:
    auto = {**BLUR, "sigma": (0.0, 1.0), "window": (0, 0)}
    given = {**BLUR, "sigma": (1.0, 1.0), "window": (7, 7)}
    np.testing.assert_array_equal(run("GaussianBlur", auto, BYTES)[0], run("GaussianBlur", given, BYTES)[0])
