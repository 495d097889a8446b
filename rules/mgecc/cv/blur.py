"""Gaussian blur with its four borders."""

from mgecc.cv.function import F32, UI8, CvFunction

_BORDERS = {
    "constant": "000|abcd|000",
    "replicate": "aaa|abcd|ddd",
    "reflect": "cba|abcd|dcb",
    "reflect_101": "dcb|abcd|cba",
}
_ABOUT = (
    "Border {}. Kernel sizes are odd, 127 at most, or 0: from sigma. sigma_x <= 0: from the size;"
    " sigma_y <= 0: as sigma_x. One to four channels."
)

FUNCTIONS = [
    CvFunction(
        name=f"gaussian_blur_{border}",
        dtype=dtype,
        template="blur.c.j2",
        about=_ABOUT.format(picture),
        arguments="int32_t kernel_h, int32_t kernel_w, double sigma_x, double sigma_y",
        parts=("gauss.j2", "blur.j2", "blur_image.j2"),
        params=(("border", border),),
    )
    for border, picture in _BORDERS.items()
    for dtype in (UI8, F32)
]
