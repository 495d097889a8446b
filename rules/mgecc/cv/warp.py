"""Affine warps."""

from mgecc.cv.function import UI8, CvFunction

_ABOUT = "dst(x, y) = src(matrix * (x, y, 1)), matrix 2 x 3 row by row, linear. One to four channels. Outside of src: "

FUNCTIONS = [
    CvFunction(
        name=f"warp_affine_{border}_linear",
        dtype=UI8,
        template="warp.c.j2",
        about=_ABOUT + outside,
        arguments=arguments,
        parts=("warp.j2",),
        params=(("constant", border == "constant"),),
    )
    for border, outside, arguments in (
        ("constant", "border in every channel.", "const double *matrix, uint8_t border"),
        ("replicate", "the nearest pixel.", "const double *matrix"),
    )
]
