"""Additions of 0 and products by 1 go out of C text, and nothing else does."""

from __future__ import annotations

import pytest
from mgecc.kernels.neutral import without_neutral


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("load(bg + 0);", "load(bg);"),
        ("store(to + 0 * yplane, r);", "store(to, r);"),
        ("f(x + 0 * a->kw + 4)", "f(x + 4)"),
        ("x + n * 1 * plane;", "x + n * plane;"),
        ("(ptrdiff_t)at * 1;", "(ptrdiff_t)at;"),
        ("iy + 1 * dh", "iy + dh"),
        ("(1 * sw)", "(sw)"),
        ("((mg_whole(q[7]) ^ 0) & 255)", "((mg_whole(q[7])) & 255)"),
        ("if (at + 0 >= i)", "if (at >= i)"),
        ("a / 1)", "a)"),
        ("t[i + 0] + 0;", "t[i];"),
    ],
)
def test_neutral_operands_go(text: str, expected: str) -> None:
    assert without_neutral(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x + 0.5f;",
        "x + 0x10;",
        "x + 0 * y * z;",
        "x + 0 << 3;",
        "x * 10;",
        "x * 1.0f;",
        "x - 0 * y;",
        "f(0 * y, 1);",
        "2 / 1 % 3;",
        "a[0] = b[1];",
        "for (m = 0; m < 1; m++)",
        '"add r0, #0" : "+r"(p)',
        "const int *p = 0;",
        "1 << 1;",
    ],
)
def test_what_is_not_neutral_stays(text: str) -> None:
    assert without_neutral(text) == text
