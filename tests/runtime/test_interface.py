"""The C interface does what the headers say, from C and C++, in a program and in a shared library."""

import ctypes
from pathlib import Path

import numpy as np
import pytest
from build_runner import check, target_of, write_model
from elftools.elf.elffile import ELFFile
from mgecc.targets import load_toolchain
from mgecc.toolrun.sources import include_folder, runtime_sources
from tiny_program import expected, tiny_program

CHECKS = r"""
#include "tiny.h"
#include <stdio.h>
#include <string.h>
static MGECC_ALIGNED unsigned char arenas[2][(TINY_ARENA_SIZE + 63) / 64 * 64];
static unsigned events;
static void hook(void *user, unsigned i, int begin) { *(unsigned *)user += 1; events = events * 10 + 2 * i + begin; }
int main(void)
{
    static const float shape[] = TINY_INPUT_FIRST_INPUT_0_SHAPE;
    mgecc_model a, b;
    mgecc_tensor info;
    unsigned calls = 0;
    int r = tiny_open(&a, arenas[0], TINY_ARENA_SIZE) * 1000 + tiny_open(&b, arenas[1], TINY_ARENA_SIZE) * 100;
    printf("%d %d ", r, tiny_open(&b, arenas[1], TINY_ARENA_SIZE - 1));
    printf("%d %d ", tiny_open(&b, arenas[1] + 4, TINY_ARENA_SIZE), tiny_open(&b, NULL, 0));
    printf("%d ", tiny_run(&b));
    tiny_open(&b, arenas[1], TINY_ARENA_SIZE);
    for (int i = 0; i < TINY_INPUT_INTS_ELEMENTS; i++) {
        tiny_input_ints(&a)[i] = 3 * i;
        tiny_input_ints(&b)[i] = -3 * i;
        tiny_input_first_input_0(&a)[i] = tiny_input_first_input_0(&b)[i] = 0;
    }
    printf("%d %d ", tiny_run(&a), mgecc_run_hooked(&b, hook, &calls));
    printf("%g %g %u %u ", tiny_output_y(&a)[5], tiny_output_y(&b)[5], calls, events);
    printf("%d %d ", mgecc_find_input(&a, "ints"), mgecc_find_input(&a, "int"));
    mgecc_output_info(&a, 1, &info);
    printf("%s %d %u %d ", info.name, info.dtype == TINY_OUTPUT_FIXED_DTYPE, info.rank, info.dims[1]);
    printf("%g %d %d ", info.scale, info.zero_point, mgecc_output_info(&a, 2, &info));
    printf("%g %d %g ", TINY_OUTPUT_FIXED_SCALE, TINY_OUTPUT_FIXED_ZERO_POINT, shape[1]);
    puts(mgecc_status_text(MGECC_E_ARENA));
    return 0;
}
"""
WANTED = "0 7 8 9 9 0 0 5 -5 6 103254 1 -1 fixed 1 2 4 0.25 3 9 0.25 3 3 arena is too small\n"


FLAGS = ["-Wall", "-Wextra", "-Werror", *target_of("x86_64").cflags, f"-I{include_folder()}", "-I."]


@pytest.mark.parametrize(
    ("compiler", "suffix", "define"),
    [
        ("gcc -std=c99", "c", "-DMGECC_SMALL"),
        ("clang -std=c99", "c", "-DMGECC_CRC_SLICES=1"),
        ("g++", "cpp", "-DMGECC_CRC_SLICES=8"),
    ],
)
def test_the_interface_does_what_the_header_says(
    compiler: str, suffix: str, define: str, tmp_path: Path
) -> None:
    write_model(tiny_program(), target_of("x86_64"), tmp_path)
    (tmp_path / f"checks.{suffix}").write_text(CHECKS)
    check([*compiler.split(), *FLAGS, "-c", f"checks.{suffix}", "-o", "checks.o"], tmp_path)
    linked = ["checks.o", "tiny_kernels.c", "tiny_blob.S", *runtime_sources(), "-o", "checks"]
    check(["gcc", "-std=c99", define, *FLAGS, *linked], tmp_path)
    assert check(["./checks"], tmp_path) == WANTED


class Model(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("program", "weights", "arena", "table")]


def test_a_shared_library_shows_its_functions_and_nothing_else(tmp_path: Path) -> None:
    target = target_of("x86_64")
    write_model(tiny_program(), target, tmp_path)
    tools = load_toolchain("zig", target)
    sources = [tmp_path / "tiny_kernels.c", tmp_path / "tiny_blob.S", *runtime_sources()]
    objects = [tmp_path / f"{source.stem}.o" for source in sources]
    for source, obj in zip(sources, objects):
        check(tools.compile_args(source, obj, [tmp_path, include_folder()]), tmp_path)
    check(tools.link_shared_args("libtiny.so", objects, "libtiny.so"), tmp_path)
    with (tmp_path / "libtiny.so").open("rb") as file:
        symbols = list(ELFFile(file).get_section_by_name(".dynsym").iter_symbols())
    shown = {s.name for s in symbols if s.entry.st_shndx != "SHN_UNDEF"}
    assert {"tiny_open", "tiny_open_blob"} <= shown and all(
        n.startswith(("tiny_open", "mgecc_")) for n in shown
    )
    library, model = ctypes.CDLL(str(tmp_path / "libtiny.so")), Model()
    memory = np.zeros(216 + 64, np.uint8)
    arena = memory[-memory.ctypes.data % 64 :][:216]
    assert (
        library.tiny_open(ctypes.byref(model), ctypes.c_void_p(arena.ctypes.data), ctypes.c_size_t(216)) == 0
    )
    x, ints = np.arange(6, dtype=np.float32), np.arange(6, dtype=np.int32)
    arena[:24], arena[64:88] = x.view(np.uint8), ints.view(np.uint8)
    assert library.mgecc_run(ctypes.byref(model)) == 0
    wanted = np.frombuffer(expected(x, ints)[:24], np.float32)
    assert np.allclose(arena[192:216].view(np.float32), wanted, rtol=1e-6, atol=1e-6)


def test_the_core_fits_two_kilobytes_of_thumb_code(tmp_path: Path) -> None:
    """Loader, executor, checksum, digest, inputs and outputs; without what links on demand."""
    tools = load_toolchain("zig", target_of("baremetal"))
    code = 0
    for source in runtime_sources():
        if source.stem in ("status", "hook", "trusted"):
            continue
        obj = tmp_path / f"{source.stem}.o"
        check([*tools.compile_args(source, obj, [include_folder()], "size"), "-Werror"], tmp_path)
        with obj.open("rb") as file:
            code += sum(s["sh_size"] for s in ELFFile(file).iter_sections() if s.name.startswith(".text"))
    assert 1000 < code <= 2048
