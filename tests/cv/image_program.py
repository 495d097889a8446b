"""A C program that calls image functions with pictures it holds and compares with results it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from image_library import DTYPES, run
from mgecc.cv import cv_functions
from mgecc.targets import load_target
from pictures import picture

Case = tuple[tuple[str, str], tuple[int, ...], tuple[int, ...], list[Any]]
TURN = [0.8, -0.35, 2.5, 0.3, 0.9, -1.25]
BLUR = [5, 9, 1.7, 0.0]

CASES: list[Case] = [
    (("transpose", "ui8"), (9, 5, 3), (5, 9, 3), []),
    (("flip", "ui8"), (7, 19, 1), (7, 19, 1), [1, 1]),
    (("rotate", "ui8"), (7, 19, 4), (19, 7, 4), [1]),
    (("rotate", "f16"), (7, 5, 1), (5, 7, 1), [0]),
    (("roicopy", "ui8"), (8, 9, 3), (3, 5, 3), [2, 5, 1, 6]),
    (("rgb2bgr", "ui8"), (3, 21, 3), (3, 21, 3), []),
    (("rgb2gray", "ui8"), (3, 21, 3), (3, 21, 1), []),
    (("rgb2yuv", "ui8"), (3, 21, 3), (3, 21, 3), []),
    (("gray2rgb", "ui8"), (3, 21, 1), (3, 21, 3), []),
    (("gray2rgb", "f32"), (3, 7, 1), (3, 7, 3), []),
    (("yuv2bgr_nv21", "ui8"), (6, 22, 1), (4, 22, 3), []),
    (("resize_linear", "ui8"), (13, 17, 3), (11, 70, 3), []),
    (("resize_linear", "ui8"), (1, 1, 1), (3, 2, 1), []),
    (("resize_linear", "f32"), (7, 9, 2), (5, 21, 2), []),
    (("warp_affine_constant_linear", "ui8"), (11, 12, 3), (12, 15, 3), [TURN, 77]),
    (("warp_affine_replicate_linear", "ui8"), (11, 12, 1), (12, 15, 1), [TURN]),
    *(
        ((f"gaussian_blur_{b}", d), (9, 13, 2), (9, 13, 2), BLUR)
        for b in ("constant", "replicate", "reflect", "reflect_101") for d in ("ui8", "f32")
    ),
]  # fmt: skip


def _array(name: str, values: np.ndarray) -> str:
    words = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    text = ",".join(map(str, words))
    return f"static const uint8_t {name}[] __attribute__((aligned(4))) = {{{text}}};\n"


def _argument(value: Any, k: int) -> str:
    return f"matrix{k}" if isinstance(value, list) else repr(value)


def _case(k: int, case: Case) -> tuple[str, str]:
    """Data, and a call that counts in ``wrong``."""
    key, src_shape, dst_shape, args = case
    src = picture(k, "noise", src_shape, key[1])
    expected = run(load_target("baremetal"), key, src, dst_shape, args)
    data = _array(f"src{k}", src) + _array(f"expected{k}", expected)
    for value in args:
        if isinstance(value, list):
            data += f"static const double matrix{k}[6] = {{{', '.join(map(repr, value))}}};\n"
    item = src.dtype.itemsize
    row, gap = dst_shape[1] * dst_shape[2] * item, 3 * item
    shapes = ", ".join(map(str, src_shape)), ", ".join(map(str, dst_shape))
    more = "".join(f", {_argument(value, k)}" for value in args)
    call = f"""
    {{
        mgecc_image src = {{(void *)src{k}, {shapes[0]}, {src_shape[1] * src_shape[2] * item}, {DTYPES[key[1]]}}};
        mgecc_image dst = {{memory, {shapes[1]}, {row + gap}, {DTYPES[key[1]]}}};
        memset(memory, 0xa5, sizeof memory);
        int bad = {cv_functions()[key].symbol}(&src, &dst{more}) != MGECC_CV_OK;
        for (int y = 0; y < {dst_shape[0] + 1}; ++y)
            for (int x = 0; x < {row + gap}; ++x)
                bad |= memory[y * {row + gap} + x]
                    != (x < {row} && y < {dst_shape[0]} ? expected{k}[y * {row} + x] : 0xa5);
        if (bad) mg_port_print("wrong: {cv_functions()[key].symbol}\\n");
        wrong += bad;
    }}"""
    return data, call


def program(cases: Sequence[Case]) -> str:
    """Prints the names of functions that are wrong, then "done"; ends with their number."""
    texts = [_case(k, case) for k, case in enumerate(cases)]
    return "".join(
        [
            '#include "all_cv.h"\n#include "port.h"\n',
            "void *memset(void *to, int byte, size_t count);\n",
            "static uint8_t memory[65536] __attribute__((aligned(4)));\n",
            *(data for data, _ in texts),
            "int mg_main(int argc, char **argv)\n{\n    int wrong = 0;\n    (void)argc;\n    (void)argv;",
            *(call for _, call in texts),
            '\n    mg_port_print("done\\n");\n    return wrong;\n}\n',
        ]
    )
