"""Programs with inputs and outputs outside of the arena: the C interface, its errors, damaged and forged blobs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from build_runner import check, target_of, write_model
from elftools.elf.elffile import ELFFile
from mgecc.targets import load_toolchain
from mgecc.toolrun.sources import include_folder, runtime_folder, runtime_sources
from mutations import ALIGN, ARENA, ARGUMENT, BUFFER, OK, VERSION, Mutations
from tiny_program import bound_program, expected

CHECKS = r"""
#include "tiny.h"
#include <stdio.h>
#include <stdlib.h>
#define SAY(number) printf("%d ", number)
static MGECC_ALIGNED unsigned char memory[10 * 64];
static unsigned events;
static void hook(void *user, unsigned i, int begin) { *(unsigned *)user += 1; events = events * 10 + 2 * i + begin; }
static void show(mgecc_bound *m, float *x, int32_t *ints, float *y)
{
    mgecc_tensor info;
    SAY(tiny_bind_input_first_input_0(m, x, 24));
    SAY(tiny_bind_input_ints(m, ints, 24));
    SAY(tiny_bind_output_y(m, y, 24));
    for (int i = 0; i < 6; i++) {
        x[i] = (float)i;
        ints[i] = 5 - i;
    }
    SAY(tiny_run(m));
    mgecc_output_info(&m->model, 0, &info);
    for (uint32_t i = 0; i < info.bytes / 4; i++)
        printf("%.9g ", y[i]);
    printf("%d\n", x[5] == 5 && ints[0] == 5);
}
int main(void)
{
    unsigned char *arena = memory, *at = memory + 64;
    mgecc_bound m;
    unsigned calls = 0;
    m.model.program = NULL;
    SAY(tiny_run(&m));
    SAY(mgecc_bind_input(&m, 0, at, 24));
    SAY(tiny_open(NULL, arena, 24));
    SAY(tiny_open(&m, arena, TINY_ARENA_SIZE - 1));
    SAY(tiny_run(&m));
    SAY(tiny_open(&m, arena, TINY_ARENA_SIZE));
    SAY(tiny_run(&m));
    SAY(mgecc_bind_input(&m, 2, at, 24));
    SAY(mgecc_bind_output(&m, 2, at, 24));
    SAY(mgecc_bind_output(&m, 1, at, 4)); /* it is constant */
    SAY(mgecc_bind_input(NULL, 0, at, 24));
    printf("\n");

    SAY(mgecc_bind_input(&m, 0, at, 23));
    SAY(mgecc_bind_input(&m, 0, at, 25));
    SAY(mgecc_bind_input(&m, 0, at + MGECC_ALIGN / 2, 24));
    SAY(mgecc_bind_input(&m, 0, arena, 24));
    SAY(mgecc_bind_input(&m, 0, at, 24));
    SAY(mgecc_bind_input(&m, 0, at, 24)); /* anew */
    SAY(mgecc_bind_input(&m, 1, at, 24));
    SAY(mgecc_bind_output(&m, 0, at, 24));
    SAY(mgecc_bind_input(&m, 0, at, 25)); /* leaves it not bound */
    SAY(mgecc_bound_input(&m, 0) == NULL);
    SAY(mgecc_bind_output(&m, 0, at, 24));
    SAY(mgecc_bound_output(&m, 0) == at);
    SAY(mgecc_bind_output(&m, 0, NULL, 0));
    SAY(mgecc_bind_output(&m, 0, (void *)(UINTPTR_MAX - MGECC_ALIGN + 1), 80)); /* beyond the last byte there is */
    SAY(mgecc_input(&m.model, 0) == NULL);
    SAY(mgecc_output(&m.model, 1) == tiny_output_fixed(&m));
    printf("\n");

    show(&m, (float *)(at + 64), (int32_t *)(at + 128), (float *)at);
    show(&m, (float *)(at + 256), (int32_t *)(at + 320), (float *)(at + 192));
    SAY(mgecc_run_bound_hooked(&m, hook, &calls));
    printf("%u %u ", calls, events);
    SAY(mgecc_run_bound_hooked(&m, NULL, NULL));
    SAY(tiny_bind_output_y(&m, NULL, 0));
    SAY(tiny_run(&m));
    printf("%s\n", mgecc_status_text(MGECC_E_BUFFER));
    return TINY_BUFFERS_SIZE != 3 * 64;
}
"""
FLAGS = ["-Wall", "-Wextra", "-Werror", *target_of("x86_64").cflags, f"-I{include_folder()}", "-I."]


@pytest.mark.parametrize("trust", ["always", "once", "never"])
@pytest.mark.parametrize(
    ("compiler", "suffix"), [("gcc -std=c99", "c"), ("clang -std=c99", "c"), ("g++", "cpp")]
)
def test_the_interface_does_what_the_header_says(
    compiler: str, suffix: str, trust: str, tmp_path: Path
) -> None:
    write_model(replace(bound_program(), verify_blob=trust), target_of("x86_64"), tmp_path)
    (tmp_path / f"checks.{suffix}").write_text(CHECKS)
    check([*compiler.split(), *FLAGS, "-c", f"checks.{suffix}", "-o", "checks.o"], tmp_path)
    sources = runtime_sources(trusted=True, bound=True)
    linked = ["checks.o", "tiny_kernels.c", "tiny_blob.S", *sources, "-o", "checks"]
    check(["gcc", "-std=c99", "-fsanitize=address,undefined", *FLAGS, *linked], tmp_path)
    opened, bound, *runs, last = check(["./checks"], tmp_path).splitlines()
    wanted = (ARGUMENT, ARGUMENT, ARGUMENT, ARENA, ARGUMENT, OK, BUFFER, *[ARGUMENT] * 4)
    assert opened.split() == [str(status) for status in wanted]
    wanted = (BUFFER, BUFFER, ALIGN, BUFFER, OK, OK, BUFFER, BUFFER, BUFFER, 1, OK, 1, OK, BUFFER, 1, 1)
    assert bound.split() == [str(status) for status in wanted]
    y = np.frombuffer(expected(np.arange(6, dtype=np.float32), 5 - np.arange(6))[:24], np.float32)
    for run in runs:
        words = run.split()
        assert words[:4] == ["0"] * 4 and words[10:] == ["1"] and len(runs) == 2
        np.testing.assert_allclose([float(word) for word in words[4:10]], y, rtol=1e-6)
    text = "buffer not bound, of wrong size or overlapping"
    assert last == f"{OK} 8 10325476 {ARGUMENT} {OK} {BUFFER} {text}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutate")


@pytest.fixture
def mutations(folder: Path) -> Mutations:
    return Mutations(bound_program(), folder, "-DMG_BUFFERS", bound=True)


def test_damaged_and_forged_blobs_are_refused_or_harmless(mutations: Mutations) -> None:
    mutations.check_truncations()
    mutations.check_sealed()
    mutations.check_forged()


def test_a_library_with_buffers_opens_no_others_and_the_other_way_round(tmp_path: Path) -> None:
    write_model(bound_program(), target_of("x86_64"), tmp_path)
    (tmp_path / "checks.c").write_text(
        '#include "tiny.h"\n#include <stdio.h>\nextern const mgecc_kernels tiny_kernels;\n'
        "static MGECC_ALIGNED unsigned char arena[TINY_ARENA_SIZE], blob[4096];\n"
        'int main(void) { mgecc_model m; mgecc_bound b; FILE *f = fopen("tiny.blob", "rb");\n'
        "size_t n = fread(blob, 1, sizeof blob, f); fclose(f);\n"
        'printf("%d ", mgecc_open(&m, &tiny_kernels, blob, n, arena, sizeof arena)); blob[4] = 1;\n'
        'printf("%d", mgecc_open_bound(&b, &tiny_kernels, blob, n, arena, sizeof arena)); return 0; }\n'
    )
    sources = ["checks.c", "tiny_kernels.c", "tiny_blob.S", *runtime_sources(bound=True), "-o", "checks"]
    check(["gcc", "-std=c99", *FLAGS, *sources], tmp_path)
    assert check(["./checks"], tmp_path) == f"{VERSION} {VERSION}"


def test_binding_costs_little_code_and_only_where_it_is_used(tmp_path: Path) -> None:
    tools = load_toolchain("zig", target_of("baremetal"))
    more = {path.name for path in runtime_sources(trusted=True, bound=True)} - {
        path.name for path in runtime_sources(trusted=True)
    }
    assert more == {"bound.c", "open_bound.c", "trusted_bound.c"}
    obj = tmp_path / "bound.o"
    source = runtime_folder() / "src" / "bound.c"
    check([*tools.compile_args(source, obj, [include_folder()], "size"), "-Werror"], tmp_path)
    with obj.open("rb") as file:
        code = sum(s["sh_size"] for s in ELFFile(file).iter_sections() if s.name.startswith(".text"))
    assert 200 < code <= 768
