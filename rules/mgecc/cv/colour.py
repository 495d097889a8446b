"""Conversions of colours, pixel by pixel, with OpenCV's fixed point numbers."""

from mgecc.cv.function import F32, UI8, CvFunction, for_each

_SWAP = ("q[0] = p[2];", "q[1] = p[1];", "q[2] = p[0];")
_GRAY = ("q[0] = (uint8_t)((p[0] * 9798 + p[1] * 19235 + p[2] * 3735 + (1 << 14)) >> 15);",)
_SPREAD = ("q[0] = q[1] = q[2] = p[0];",)
_YUV = (
    "const int32_t y = (p[0] * 4899 + p[1] * 9617 + p[2] * 1868 + (1 << 13)) >> 14;",
    "const int32_t zero = (128 << 14) + (1 << 13);",
    "q[0] = (uint8_t)y;",
    "q[1] = mg_cv_u8(((p[2] - y) * 8061 + zero) >> 14);",
    "q[2] = mg_cv_u8(((p[0] - y) * 14369 + zero) >> 14);",
)


def _params(channels: tuple[int, int], body: tuple[str, ...]) -> dict[str, object]:
    return {"parts": ("colour.j2",), "params": (("channels", channels), ("body", body))}


FUNCTIONS: list[CvFunction] = [
    *for_each(
        [UI8],
        "rgb2bgr",
        "pixelwise.c.j2",
        "Swaps the first and the third of three channels.",
        **_params((3, 3), _SWAP),
    ),
    *for_each(
        [UI8], "rgb2gray", "pixelwise.c.j2", "Three channels R, G, B to one.", **_params((3, 1), _GRAY)
    ),
    *for_each(
        [UI8, F32],
        "gray2rgb",
        "pixelwise.c.j2",
        "One channel to three equal ones.",
        **_params((1, 3), _SPREAD),
    ),
    *for_each(
        [UI8],
        "rgb2yuv",
        "pixelwise.c.j2",
        "Channels R, G, B to Y, U, V, all of the full range.",
        **_params((3, 3), _YUV),
    ),
    *for_each(
        [UI8],
        "yuv2bgr_nv21",
        "nv21.c.j2",
        "NV21 of video range to B, G, R. src has one channel: dst's rows of Y, below them half as many of V, U in turn."
        " Sizes of dst are even.",
        parts=("colour.j2",),
    ),
]
