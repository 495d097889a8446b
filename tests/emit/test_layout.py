"""Generated C is laid out as the project's own C is."""

from __future__ import annotations

from pathlib import Path

from mgecc import emit
from mgecc.targets import load_target
from tiny_program import tiny_program

ROOT = Path(__file__).resolve().parents[2]


def test_the_style_is_that_of_the_repository() -> None:
    style = ROOT / "rules" / "mgecc" / "emit" / "c_style.yaml"
    assert style.read_text() == (ROOT / ".clang-format").read_text()


def test_c_alone_is_laid_out() -> None:
    files = {
        "a.c": b"int a(int x)\n{ if (x) {\nreturn 1; } return 0; }\n",
        "a.h": b"int  a;\n",
        "a.blob": b"\0 {",
    }
    laid_out = emit.laid_out(files)
    text = b"int a(int x)\n{\n    if (x) {\n        return 1;\n    }\n    return 0;\n}\n"
    assert laid_out == files | {"a.c": text}


def test_the_layout_of_kernels_is_stable() -> None:
    first = emit.laid_out({"k.c": emit.kernels_c(tiny_program(), load_target("x86_64")).encode()})
    assert emit.laid_out(first) == first
