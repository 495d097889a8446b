"""Programs with declared sizes: the C interface, its errors, and blobs that are damaged or forged."""

from pathlib import Path

import numpy as np
import pytest
from build_runner import check, target_of, write_model
from elftools.elf.elffile import ELFFile
from mgecc.targets import load_toolchain
from mgecc.toolrun.sources import include_folder, runtime_sources
from mutations import ARENA, ARGUMENT, OK, SIZE, VERSION, Mutations
from tiny_program import sized_expected, sized_program

CHECKS = r"""
#include "tiny.h"
#include <stdio.h>
#include <string.h>
static MGECC_ALIGNED unsigned char arena[(TINY_ARENA_SIZE + 63) / 64 * 64];
static mgecc_dynamic m;
static void show(int rows)
{
    mgecc_tensor x, y;
    printf("%d:", tiny_set_sizes(&m, rows));
    mgecc_input_info(&m.model, 0, &x);
    mgecc_output_info(&m.model, 0, &y);
    printf("%d %d %u %u ", x.dims[0], y.dims[0], x.bytes, y.bytes);
    for (uint32_t i = 0; i < x.bytes / 4; i++) {
        tiny_input_x(&m)[i] = (float)i;
        tiny_input_ints(&m)[i] = 5 - (int32_t)i;
    }
    tiny_run(&m);
    for (uint32_t i = 0; i < y.bytes / 4; i++)
        printf("%g ", tiny_output_y(&m)[i]);
    printf("\n");
}
int main(void)
{
    const int32_t good[] = {6, 3}, wide[] = {6, 4}, flat[] = {12}, odd[] = {3, 3}, sizes[] = {4, 4};
    mgecc_size size;
    printf("%d %d ", tiny_set_sizes(&m, 2), tiny_run(&m));
    printf("%d ", tiny_open(&m, arena, TINY_ARENA_SIZE - 1));
    printf("%d ", tiny_open(&m, arena, TINY_ARENA_SIZE));
    printf("%u %d ", mgecc_size_count(&m), mgecc_size_info(&m, 1, &size));
    mgecc_size_info(&m, 0, &size);
    printf("%s %d %d %d %u %u ", size.name, size.min, size.max, size.step, size.input, size.axis);
    printf("%d %d\n", TINY_SIZE_ROWS_MAX == size.max, TINY_SIZES);
    show(8), show(2), show(4);
    show(10), show(3), show(0);
    printf("%d ", mgecc_set_shape(&m, 0, good, 2));
    printf("%d ", mgecc_set_shape(&m, 0, wide, 2));
    printf("%d %d ", mgecc_set_shape(&m, 0, odd, 2), mgecc_set_shape(&m, 0, flat, 1));
    printf("%d %d ", mgecc_set_shape(&m, 1, flat, 1), mgecc_set_shape(&m, 9, flat, 1));
    printf("%d %d ", mgecc_set_sizes(&m, sizes, 2), mgecc_set_sizes(&m, NULL, 1));
    printf("%d %s\n", m.sizes[0], mgecc_status_text(MGECC_E_SIZE));
    return 0;
}
"""
FLAGS = ["-Wall", "-Wextra", "-Werror", *target_of("x86_64").cflags, f"-I{include_folder()}", "-I."]


def _line(rows: int, status: int = OK) -> str:
    count = 3 * rows
    x = np.arange(count, dtype=np.float32).reshape(rows, 3)
    y = np.frombuffer(sized_expected(x, 5 - np.arange(count)), np.float32)
    numbers = "".join(f"{v:g} " for v in y)
    return f"{status}:{rows} {rows} {4 * count} {4 * count} {numbers}"


@pytest.mark.parametrize(
    ("compiler", "suffix"), [("gcc -std=c99", "c"), ("clang -std=c99", "c"), ("g++", "cpp")]
)
def test_the_interface_does_what_the_header_says(compiler: str, suffix: str, tmp_path: Path) -> None:
    write_model(sized_program(), target_of("x86_64"), tmp_path)
    (tmp_path / f"checks.{suffix}").write_text(CHECKS)
    check([*compiler.split(), *FLAGS, "-c", f"checks.{suffix}", "-o", "checks.o"], tmp_path)
    linked = ["checks.o", "tiny_kernels.c", "tiny_blob.S", *runtime_sources(sizes=True), "-o", "checks"]
    check(["gcc", "-std=c99", "-fsanitize=address,undefined", *FLAGS, *linked], tmp_path)
    opened, *lines, shapes = check(["./checks"], tmp_path).splitlines()
    assert opened == f"{ARGUMENT} {ARGUMENT} {ARENA} {OK} 1 {ARGUMENT} rows 2 8 2 0 0 1 1"
    # A size out of its range leaves the former ones in force.
    assert lines == [_line(8), _line(2), _line(4), *[_line(4, SIZE)] * 3]
    assert shapes == (
        f"{OK} {SIZE} {SIZE} {SIZE} {SIZE} {ARGUMENT} {ARGUMENT} {ARGUMENT} "
        "6 a size is out of its range, or sizes do not give this shape"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutate")


@pytest.fixture
def mutations(folder: Path) -> Mutations:
    return Mutations(sized_program(), folder, "-DMG_SIZES", sizes=True)


def test_damaged_and_forged_blobs_are_refused_or_harmless(mutations: Mutations) -> None:
    mutations.check_truncations()
    mutations.check_sealed()
    mutations.check_forged()


def test_a_library_for_fixed_sizes_opens_no_others_and_the_other_way_round(tmp_path: Path) -> None:
    write_model(sized_program(), target_of("x86_64"), tmp_path)
    (tmp_path / "checks.c").write_text(
        '#include "tiny.h"\n#include <stdio.h>\nextern const mgecc_kernels tiny_kernels;\n'
        "static MGECC_ALIGNED unsigned char arena[TINY_ARENA_SIZE], blob[4096];\n"
        'int main(void) { mgecc_model m; mgecc_dynamic d; FILE *f = fopen("tiny.blob", "rb");\n'
        "size_t n = fread(blob, 1, sizeof blob, f); fclose(f);\n"
        'printf("%d ", mgecc_open(&m, &tiny_kernels, blob, n, arena, sizeof arena)); blob[4] = 1;\n'
        'printf("%d", mgecc_open_sizes(&d, &tiny_kernels, blob, n, arena, sizeof arena)); return 0; }\n'
    )
    sources = ["checks.c", "tiny_kernels.c", "tiny_blob.S", *runtime_sources(sizes=True), "-o", "checks"]
    check(["gcc", "-std=c99", *FLAGS, *sources], tmp_path)
    assert check(["./checks"], tmp_path) == f"{VERSION} {VERSION}"


def test_setting_sizes_costs_little_code_and_only_where_it_is_used(tmp_path: Path) -> None:
    tools = load_toolchain("zig", target_of("baremetal"))
    assert not [source for source in runtime_sources() if source.stem == "sizes"]
    (source,) = (path for path in runtime_sources(sizes=True) if path.stem == "sizes")
    obj = tmp_path / "sizes.o"
    check([*tools.compile_args(source, obj, [include_folder()], "size"), "-Werror"], tmp_path)
    with obj.open("rb") as file:
        code = sum(s["sh_size"] for s in ELFFile(file).iter_sections() if s.name.startswith(".text"))
    assert 500 < code <= 2560
