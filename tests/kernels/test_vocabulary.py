"""Generated C holds what its kernels reach of the headers, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from mgecc.kernels.vocabulary import vocabulary
from mgecc.targets import Isa
from mgecc.targets.isa import read_isa

OWN = {
    "own": '/* About own. */\n#ifndef OWN_H\n#define OWN_H\n#include <stdint.h>\n#include "own_base.h"\n'
    "/* Used. */\nint used(int a) { return BASE + a; }\n\nint unused(int a) { return other(a); }\n#endif\n",
    "own_base": "#ifndef OWN_BASE_H\n#define OWN_BASE_H\n#define BASE 1\n#define MORE 2\n#endif\n",
    "own_more": '#include "own_base.h"\n#if MORE > 1\nint wide(void) { return 2; }\n#else\n'
    "int wide(void) { return 1; }\nint narrow(void) { return 0; }\n#endif\n#ifdef MORE\nint more(void);\n#endif\n",
    "own_paste": "int sum4(int a) { return a; }\nint sum8(int a) { return a; }\nint max4(int a) { return a; }\n"
    "#define FOLD(op, a) op##4(a)\n#define PAIR(op) int op##_pair(int a) { return op##8(a); }\nPAIR(sum)\nPAIR(max)\n",
}


@pytest.fixture
def isa(tmp_path: Path) -> Isa:
    for name, text in OWN.items():
        (tmp_path / f"{name}.h").write_text(text)
    return replace(read_isa("scalar"), name="own", folder=str(tmp_path))


def test_it_holds_what_is_reached_with_its_comments_and_includes(isa: Isa) -> None:
    assert vocabulary(["own"], isa, ["x = used(1); /* unused */"]) == (
        "/* ---- own.h ---- */\n/* About own. */\n\n#include <stdint.h>\n\n/* ---- own_base.h ---- */\n#define BASE 1\n"
        "\n/* ---- own.h ---- */\n/* Used. */\nint used(int a) { return BASE + a; }\n"
    )


def test_a_header_that_two_include_comes_once(isa: Isa) -> None:
    text = vocabulary(["own", "own_more"], isa, ["used(wide())"])
    assert text.count("own_base.h ") == 1 and "#define MORE 2" in text


def test_all_definitions_of_a_name_stay_under_their_conditions(isa: Isa) -> None:
    text = vocabulary(["own_more"], isa, ["wide()"])
    assert "#if MORE > 1\nint wide(void) { return 2; }\n#else\nint wide(void) { return 1; }\n#endif\n" in text
    assert "narrow" not in text and "int more" not in text


def test_a_branch_without_anything_stays_before_one_that_is_reached(isa: Isa) -> None:
    text = vocabulary(["own_more"], isa, ["narrow()"])
    assert "#if MORE > 1\n#else\nint narrow(void) { return 0; }\n#endif\n" in text


def test_names_that_macros_put_together_are_reached(isa: Isa) -> None:
    text = vocabulary(["own_paste"], isa, ["FOLD(sum, x)"])
    assert "int sum4" in text and "int sum8" not in text and "PAIR" not in text
    text = vocabulary(["own_paste"], isa, ["sum_pair(x)"])
    assert "PAIR(sum)\n" in text and "PAIR(max)\n" not in text and "#define PAIR(op)" in text
    assert "int sum8" in text
