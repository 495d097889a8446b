"""The bound on stack: what is painted and overwritten on the machine is never more, and the bound is reached."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from mgecc.config import load_config
from mgecc.targets import ToolchainMissing, load_target, load_toolchain
from mgecc.toolrun.archive import measure
from mgecc.toolrun.library import Library
from mgecc.toolrun.objects import compile_file
from mgecc.toolrun.runner import choose_board, link_program
from mgecc.toolrun.session import compile_and_build
from mgecc.toolrun.sources import board_script, runner_includes, runner_sources
from mgecc.toolrun.stack import Stack, stack_of
from mgecc.toolrun.stack_header import stacks_of_files
from mgecc.toolrun.start import run_image
from mgecc.toolrun.summary import summary_of

MODELS = Path(__file__).parents[2] / "models"
PAINT = r"""
#include "MODEL.h"
#include "MODEL_stack.h"
#include "port.h"

enum { WORDS = 1024, COLOUR = 0x5a5a5a5a };
static MGECC_ALIGNED unsigned char arena[UPPER_ARENA_SIZE];
static MODEL_OBJECT model;

static void tell(uint32_t number)
{
    char text[12], *at = text + sizeof text - 1;
    *at = 0;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    mg_port_print(at);
    mg_port_print(" ");
}

/* Bytes below this function's own that a call has changed. Its frame does not move, so the paint lies below it. */
__attribute__((noinline)) static uint32_t used(int run, mgecc_status *status)
{
    volatile uint32_t *sp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    for (int i = 1; i <= WORDS; i++)
        sp[-i] = COLOUR;
    *status = run ? MODEL_run(&model) : MODEL_open(&model, arena, sizeof arena);
    int left = WORDS;
    while (left && sp[-left] == COLOUR)
        left--;
    return 4 * (uint32_t)left;
}

int mg_main(int argc, char **argv)
{
    mgecc_status opened, ran;
    (void)argc, (void)argv;
    uint32_t opening = used(0, &opened);
    BIND;
    uint32_t running = used(1, &ran);
    tell(opening), tell(running), tell(UPPER_OPEN_STACK_BYTES), tell(UPPER_RUN_STACK_BYTES);
    return opened != MGECC_OK || ran != MGECC_OK || UPPER_STACK_BYTES < UPPER_RUN_STACK_BYTES;
}
"""
CASES = [
    ("digits_int8", "cortex-m4f", "zig"),
    ("digits_int8", "cortex-m4f", "gcc"),
    ("digits", "cortex-m7", "gcc"),
    ("digits_int8", "cortex-m55", "zig"),
    ("digits_int8", "cortex-m0", "zig"),
    ("digits_int8", "cortex-m0", "gcc"),
]


# Memory of the application's, in the place of its own for a model whose inputs lie in the arena.
BIND = "static MGECC_ALIGNED unsigned char in[UPPER_INPUT_DATA_BYTES]; mgecc_bind_input(&model, 0, in, sizeof in)"


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory):
    @cache
    def build(name: str, core: str, toolchain: str, bound: bool = False) -> Library:
        config = replace(load_config(MODELS / name / "model.yaml"), optimize="size")
        config = replace(config, buffers=frozenset({"inputs"} if bound else ()))
        try:
            (found,) = compile_and_build(
                config, load_target(core), toolchain, tmp_path_factory.mktemp("products")
            )
        except ToolchainMissing as missing:
            pytest.skip(str(missing))
        return found

    return build


def painted(library: Library, toolchain: str, folder: Path, bound: bool) -> list[int]:
    """Bytes that opening and running overwrite, and their bounds, as a program on the machine tells them."""
    target, name = library.target, library.name
    tools, board = load_toolchain(toolchain, target), choose_board(target, 1 << 20, 1 << 18)
    source = PAINT.replace("BIND", BIND if bound else "")
    source = source.replace("MODEL_OBJECT", "mgecc_bound" if bound else "mgecc_model")
    (folder / "main.c").write_text(source.replace("UPPER", name.upper()).replace("MODEL", name))
    sources = [folder / "main.c", *runner_sources(target)]
    includes = [library.folder, *runner_includes(target)]
    objects = [compile_file(path, folder / f"{path.stem}.o", tools, includes, "size") for path in sources]
    assert board
    (folder / "board.ld").write_text(board_script(board))
    link_program(tools, folder / "program", [*objects, library.archive], folder / "board.ld")
    status, said = run_image(folder / "program", target, board)
    assert status == 0, said
    return [int(word) for word in said.split()]


@pytest.mark.parametrize(
    ("name", "core", "toolchain", "bound"),
    [*((*case, False) for case in CASES), (*CASES[0], True), (*CASES[5], True)],
)
def test_no_more_is_overwritten_than_the_bound_says(
    name: str, core: str, toolchain: str, bound: bool, libraries, tmp_path: Path
) -> None:
    library = libraries(name, core, toolchain, bound)
    opening, running, *told = painted(library, toolchain, tmp_path, bound)
    # With memcpy and memset of the port only what the compiler's own functions take is not counted.
    whole = stacks_of_files([*library.objects, tmp_path / "memory.o"])[name]
    bounds = [whole["open"].bytes, whole["run"].bytes]
    assert all(n.startswith("__aeabi_") for n in {*whole["open"].without, *whole["run"].without})
    assert told[0] <= bounds[0] and told[1] <= bounds[1]
    apart = 64 if whole["run"].without else 0
    assert bounds[0] - 96 <= opening <= bounds[0] + 64 * bool(whole["open"].without)
    assert bounds[1] // 2 <= running <= bounds[1] + apart


@pytest.mark.parametrize(("name", "core", "toolchain"), [CASES[0], CASES[1], CASES[4]])
def test_library_archive_and_summary_say_the_same(name: str, core: str, toolchain: str, libraries) -> None:
    library = libraries(name, core, toolchain)
    stacks = stacks_of_files(library.objects)[name]
    assert measure(library.archive)["stack"][name]["run"]["bytes"] == stacks["run"].bytes > 160
    said = summary_of(library.target, name, library.folder, [library])
    told = re.search(r"    stack    run (\d+) B, opening (\d+) B; not counted: (.*)", said)
    assert told and (int(told[1]), int(told[2])) == (stacks["run"].bytes, stacks["open"].bytes)
    assert ("__aeabi_fmul" in told[3]) == (core == "cortex-m0") and "blob" not in told[3]


CALLS = """
void other(char *);
static __attribute__((noinline)) void leaf(char *a) { char b[100]; other(b); a[0] = b[3]; }
static __attribute__((noinline)) void again(int n, char *a)
{
    char b[40];
    other(b);
    if (n)
        again(n - 1, b);
    a[0] = b[1];
}
static void kernel(void *const *t, const int *a)
{
    char b[20];
    other(b);
    leaf(b);
    again(a[0], b);
    *(char *)t[0] = b[2];
}
static void wide(void *const *t, const int *a) { char b[LENGTH]; other(b); *(char *)t[0] = b[a[1]]; }
typedef void (*function)(void *const *, const int *);
static const function net_table[] = {kernel, wide};
const struct { const function *table; } net_kernels = {net_table};
int mgecc_run(const function *f) { char b[60]; other(b); f[0](0, 0); return b[5]; }
int mgecc_open(const void *k) { char b[200]; other(b); return b[0] + (k != 0); }
int net_open(void) { return mgecc_open(&net_kernels) + 1; }
"""


def parsed(tmp_path: Path, toolchain: str, length: str) -> dict[str, Stack]:
    try:
        tools = load_toolchain(toolchain, load_target("cortex-m4"))
    except ToolchainMissing as missing:
        pytest.skip(str(missing))
    (tmp_path / "calls.c").write_text(CALLS.replace("LENGTH", length))
    obj = compile_file(tmp_path / "calls.c", tmp_path / "calls.o", tools, [], "speed")
    with obj.open("rb") as file:
        return stack_of({"calls.o": ELFFile(file)})["net"]


@pytest.mark.parametrize("toolchain", ["zig", "gcc", "clang"])
def test_frames_add_up_along_calls_and_what_has_no_figure_is_named(toolchain: str, tmp_path: Path) -> None:
    fixed, varying = parsed(tmp_path, toolchain, "300"), parsed(tmp_path, toolchain, "a[0]")
    # again calls itself, so that no number bounds it
    assert {name.partition(".")[0] for name in fixed["run"].without} == {"other", "again"}
    assert fixed["open"].without == ("other",) and 208 <= fixed["open"].bytes <= 240
    assert 60 + 300 <= fixed["run"].bytes <= 60 + 300 + 80
    # wide has a frame whose size the run decides; kernel and leaf remain
    assert {name.partition(".")[0] for name in varying["run"].without} == {"other", "again", "wide"}
    assert 60 + 20 + 100 <= varying["run"].bytes <= 60 + 20 + 100 + 80


def test_objects_without_figures_give_none(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    (tmp_path / "calls.c").write_text(CALLS.replace("LENGTH", "300"))
    subprocess.run(["gcc", "-c", "-w", "calls.c", "-o", "calls.o"], cwd=tmp_path, check=True)
    assert stacks_of_files([tmp_path / "calls.o"]) == {}
