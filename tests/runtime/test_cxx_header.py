"""mgecc.hpp: models as C++ objects, by every compiler, without heap, exceptions, RTTI and standard library."""

from __future__ import annotations

from pathlib import Path

import pytest
from build_runner import check, target_of, write_model
from mgecc.targets import ToolchainMissing, load_toolchain
from mgecc.toolrun.runner import choose_board, link_program
from mgecc.toolrun.sources import (
    board_script,
    cxx_sources,
    include_folder,
    public_headers,
    runner_includes,
    runner_sources,
    runtime_sources,
)
from mgecc.toolrun.start import run_image
from strict import STRICT_CXX
from tiny_program import bound_program, sized_program, tiny_program

USE = r"""
#include "tiny.h"
#include "mgecc.hpp"
#include "tell.h"

static mgecc::instance<tiny_open, TINY_ARENA_SIZE> kept;
static mgecc::arena<TINY_ARENA_SIZE> memory;
static unsigned calls;
static void hook(void *user, unsigned, int begin) { *static_cast<unsigned *>(user) += static_cast<unsigned>(begin); }

static int fill(mgecc::model &m, int32_t factor)
{
    int count = 0;
    for (float &x : m.input<float>(0))
        x = 0, count++;
    mgecc::span<int32_t> ints = m.input<int32_t>(1);
    for (size_t i = 0; i < ints.size(); i++)
        ints[i] = factor * static_cast<int32_t>(i), count++;
    return count;
}

int use()
{
    mgecc::model other(tiny_open, memory.bytes, sizeof memory.bytes), closed;
    tell(kept ? 1 : 0), tell(other.status()), tell(closed ? 1 : 0), tell(closed.run());
    tell(fill(kept, 3)), tell(fill(other, -3));
    tell(kept.run()), tell(other.run(hook, &calls)), tell(static_cast<int>(calls));
    tell(static_cast<int>(kept.output<float>(0)[5])), tell(static_cast<int>(other.output<float>(0)[5]));
    tell(static_cast<int>(kept.inputs())), tell(static_cast<int>(kept.outputs()));
    tell(kept.find_input("ints")), tell(kept.find_output("ints"));
    tell(static_cast<int>(kept.output<int8_t>(1).size())), tell(static_cast<int>(kept.output<uint8_t>(1).size()));
    tell(static_cast<int>(kept.input<int32_t>(0).size())), tell(static_cast<int>(kept.input<float>(7).size()));
    tell(kept.output_info(1).zero_point), tell(static_cast<int>(kept.input_info(9).bytes));
    mgecc::span<const float> y = kept.output<float>(0), few = y.subspan(4);
    mgecc::span<const float> none = y.subspan(9, 3), two = y.subspan(1, 2);
    tell(static_cast<int>(few.size())), tell(none.empty() ? 1 : 0), tell(static_cast<int>(two.size_bytes()));
    other.close();
    tell(other ? 1 : 0), tell(other.run()), tell(other.input<float>(0).data() == nullptr ? 1 : 0);
    tell(other.open(tiny_open, memory.bytes, 8)), tell(other.open(tiny_open, memory.bytes, sizeof memory.bytes));
    mgecc::span<const unsigned char> blob;
    mgecc::model from(tiny_open_blob, blob, memory.bytes, sizeof memory.bytes);
    tell(from.status());
    return 0;
}
"""
SAID = "1 0 0 9 12 12 0 0 3 5 -5 2 2 1 -1 4 0 0 0 3 0 2 1 8 0 9 1 7 0 9 "
DYNAMIC = r"""
#include "tiny.h"
#include "mgecc.hpp"
#include "tell.h"

static mgecc::arena<TINY_ARENA_SIZE> memory;

int use()
{
    mgecc::dynamic_model m(tiny_open, memory.bytes, sizeof memory.bytes);
    const int32_t four[] = {4}, shape[] = {6, 3}, odd[] = {3, 3};
    tell(m.status()), tell(m.set_sizes(four)), tell(static_cast<int>(m.input<float>(0).size()));
    tell(m.set_shape(0, shape)), tell(static_cast<int>(m.output<float>(0).size())), tell(m.set_shape(0, odd));
    tell(m.run()), tell(tiny_set_sizes(m.get(), 2));
    return 0;
}
"""
DYNAMIC_SAID = "0 0 12 0 18 10 0 0 "
BOUND = r"""
#include "tiny.h"
#include "mgecc.hpp"
#include "tell.h"

static mgecc::instance<tiny_open, TINY_ARENA_SIZE, mgecc::bound_model> m;
static unsigned calls;
static void hook(void *user, unsigned, int begin) { *static_cast<unsigned *>(user) += static_cast<unsigned>(begin); }
alignas(MGECC_ALIGN) static const float x[6] = {};
alignas(MGECC_ALIGN) static int32_t ints[6];
alignas(MGECC_ALIGN) static float y[6];

int use()
{
    mgecc::span<const int32_t> some = mgecc::span<int32_t>(ints);
    for (int32_t &n : ints)
        n = 9;
    tell(m ? 1 : 0), tell(m.run());
    tell(m.bind_input<float>(0, x)), tell(m.bind_input<float>(1, x)), tell(m.bind_input(1, some));
    tell(m.bind_output(0, mgecc::span<float>(y).subspan(1))), tell(m.bind_output(0, mgecc::span<float>(y, 5)));
    tell(mgecc_bind_output(m.get(), 0, ints, sizeof ints)), tell(m.bind_output<float>(0, y)), tell(m.run());
    tell(static_cast<int>(y[5])), tell(m.run(hook, &calls)), tell(static_cast<int>(calls));
    tell(m.input<float>(0).empty() ? 1 : 0), tell(static_cast<int>(m.output<int8_t>(1).size()));
    m.close();
    tell(m.run());
    return 0;
}
"""
BOUND_SAID = "1 12 0 9 0 8 12 12 0 0 3 0 4 1 4 9 "
PROGRAMS = {
    "plain": (tiny_program, USE, SAID),
    "sized": (sized_program, DYNAMIC, DYNAMIC_SAID),
    "bound": (bound_program, BOUND, BOUND_SAID),
}
HOSTED = r"""
#include <cstdio>
#include "tell.h"
void tell(int n) { std::printf("%d ", n); }
int main() { return use(); }
"""
BARE = r"""
#include "port.h"
#include "tell.h"
void tell(int n)
{
    char text[14], *at = text + sizeof text - 1;
    unsigned rest = n < 0 ? 0u - static_cast<unsigned>(n) : static_cast<unsigned>(n);
    *at = 0, *--at = ' ';
    do
        *--at = static_cast<char>('0' + rest % 10);
    while (rest /= 10);
    if (n < 0)
        *--at = '-';
    mg_port_print(at);
}
extern "C" int mg_main(int, char **) { return use(); }
"""
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", *STRICT_CXX, "-fno-exceptions", "-fno-rtti"]


def write(folder: Path, program, use: str, main: str, target: str = "x86_64") -> None:
    write_model(program, target_of(target), folder)
    (folder / "tell.h").write_text("void tell(int n);\nint use();\n")
    (folder / "use.cpp").write_text(use)
    (folder / "main.cpp").write_text(main)


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("standard", ["c++17", "c++20"])
@pytest.mark.parametrize("kind", PROGRAMS)
def test_models_are_objects(kind: str, standard: str, compiler: str, tmp_path: Path) -> None:
    program, use, said = PROGRAMS[kind]
    write(tmp_path, program(), use, HOSTED)
    flags = [f"-I{include_folder()}", "-I.", "-O1", "-g", *target_of("x86_64").cflags]
    # The sanitizers of clang are a package of their own.
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"] if compiler == "g++" else []
    check([compiler, f"-std={standard}", *WARNINGS, *flags, *checks, "-c", "use.cpp", "main.cpp"], tmp_path)
    sources = [
        "tiny_kernels.c",
        "tiny_blob.S",
        *runtime_sources(sizes=kind == "sized", bound=kind == "bound"),
    ]
    check(["gcc", "-std=c99", *flags, *checks, "-c", *sources], tmp_path)
    objects = sorted(path.name for path in tmp_path.glob("*.o"))
    check([compiler, *checks, *objects, "-o", "use"], tmp_path)
    assert check(["./use"], tmp_path) == said


@pytest.mark.parametrize("toolchain", ["zig", "gcc", "clang"])
@pytest.mark.parametrize("kind", ["plain", "bound"])
def test_firmware_takes_it(kind: str, toolchain: str, tmp_path: Path) -> None:
    make, use, said = PROGRAMS[kind]
    target = target_of("cortex-m4f")
    try:
        tools = load_toolchain(toolchain, target)
        cxx = tools.for_cxx()
    except ToolchainMissing as missing:
        pytest.skip(str(missing))
    write(tmp_path, make(target="cortex-m4f"), use, BARE, "cortex-m4f")
    includes = [tmp_path, *runner_includes(target)]
    c = [tmp_path / "tiny_kernels.c", tmp_path / "tiny_blob.S", *runtime_sources(bound=kind == "bound")]
    c += runner_sources(target)
    cpp = [tmp_path / "use.cpp", tmp_path / "main.cpp"]
    objects = []
    for source in [*c, *cxx_sources(), *cpp]:
        obj = tmp_path / f"{source.stem}{source.suffix}.o"
        compiler, more = (cxx, ["-std=c++17", *WARNINGS]) if source in cpp else (tools, [])
        assert check([*compiler.compile_args(source, obj, includes, "size"), *more], tmp_path) == ""
        objects.append(obj)
    board = choose_board(target, 1 << 16, 1 << 14)
    assert board
    (tmp_path / "board.ld").write_text(board_script(board))
    link_program(tools, tmp_path / "program", objects, tmp_path / "board.ld")
    assert run_image(tmp_path / "program", target, board) == (0, said)


def test_products_have_the_header_beside_the_c_header() -> None:
    assert [path.name for path in public_headers(cv=False)] == ["mgecc.h", "mgecc.hpp"]
