"""Linear resize."""

from mgecc.cv.function import F32, UI8, for_each

FUNCTIONS = for_each(
    [UI8, F32],
    "resize_linear",
    "resize.c.j2",
    "To dst's rows and cols, pixels at half-integer centres. One to four channels.",
    parts=("resize.j2",),
)
