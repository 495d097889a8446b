"""Functions that move pixels: transpose, flip, quarter turns, regions."""

from mgecc.cv.function import F16, UI8, for_each

FUNCTIONS = [
    *for_each(
        [UI8],
        "transpose",
        "transpose.c.j2",
        "dst(x, y) = src(y, x). Any number of channels.",
        parts=("moves.j2",),
    ),
    *for_each(
        [UI8],
        "flip",
        "flip.c.j2",
        "Upside down where vertical, left to right where horizontal. Any number of channels.",
        arguments="bool vertical, bool horizontal",
        parts=("moves.j2",),
    ),
    *for_each(
        [UI8, F16],
        "rotate",
        "rotate.c.j2",
        "A quarter turn, clockwise or against it. Any number of channels.",
        arguments="bool clockwise",
        parts=("moves.j2",),
    ),
    *for_each(
        [UI8],
        "roicopy",
        "roicopy.c.j2",
        "Rows row_from to row_to - 1, columns col_from to col_to - 1. Any number of channels.",
        arguments="int32_t row_from, int32_t row_to, int32_t col_from, int32_t col_to",
        parts=("moves.j2",),
    ),
]
