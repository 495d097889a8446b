"""Several sets of input shapes in the generated C: names, lookup by sizes, one table for each set."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from mgecc import emit
from mgecc.planner import Program, shape_sets
from mgecc.targets import load_target
from strict import STRICT, STRICT_CXX
from tiny_program import tiny_program, with_input_names

INCLUDE = Path(__file__).resolve().parents[2] / "runtime" / "include"
X86 = load_target("x86_64")
SIZES = (((2, 3), (6,)), ((1, 3), (6,)), ((2, 3), (4,)))

_USE = """
#include "m.h"
#include "m.h"
int check(void);
int check(void)
{
    static const int32_t sizes[3][3] = {{2, 3, 6}, {1, 3, 6}, {2, 3, 4}};
    static const int32_t none[3] = {1, 3, 4};
    for (int i = 0; i < 3; i++)
        if (model_mgecc_find_shapes(sizes[i], sizes[i] + 2) != i) return 1;
    if (model_mgecc_find_shapes(none, none + 2) != -1) return 2;
    return MODEL_MGECC_SHAPES_2X3_6 != 0 || MODEL_MGECC_SHAPES_1X3_6 != 1 || MODEL_MGECC_SHAPES_2X3_4 != 2;
}
int main(void) { return check(); }
"""


def programs(*names: str) -> list[Program]:
    base = with_input_names(tiny_program(name="mgecc"), *names)
    return [
        replace(base, inputs=tuple(replace(t, type=t.type.with_shape(s)) for t, s in zip(base.inputs, sizes)))
        for sizes in SIZES
    ]


@pytest.mark.parametrize("compiler", ["gcc -std=c99", "clang -std=c99", "g++ -x c++", "clang++ -x c++"])
def test_sets_are_found_by_the_sizes_of_all_inputs(compiler: str, tmp_path: Path) -> None:
    text = emit.header(programs("*/ int", "for"))
    (tmp_path / "m.h").write_text(text)
    (tmp_path / "m.c").write_text(_USE)
    # What the linker would take from the library is not called here.
    flags = [f"-I{INCLUDE}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-ffunction-sections"]
    flags += STRICT_CXX if "++" in compiler else STRICT
    command = [*compiler.split(), *flags, "-Wl,--gc-sections", "m.c", "-o", "m"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert subprocess.run([tmp_path / "m"], check=False).returncode == 0


def test_inputs_that_are_the_same_in_all_sets_are_not_asked_for() -> None:
    first, second, _ = programs("a", "b")
    assert "find_shapes(const int32_t dims_a[2])" in emit.header([first, second])


def test_kernel_sets_of_one_shape_are_one_set() -> None:
    first, second, _ = programs("a", "b")
    assert shape_sets([first, first, second, second]) == [(first, first), (second, second)]
    assert "_SHAPE_SETS 1\n" in emit.header([first, replace(first, arena=4096)])


def test_every_set_has_a_table_and_kernels_stand_once() -> None:
    made = programs("a", "b")
    text = emit.kernels_c(made[0], X86, *made[1:])
    assert text.count("mgk_affine_f32_") == 1 + emit.kernels_c(made[0], X86).count("mgk_affine_f32_") + 1
    assert "model_mgecc_kernels[3] = {" in text and "model_mgecc_table_2," in text
    fingerprints = {emit.fingerprint(program, X86) for program in made}
    assert len(fingerprints) == 3
