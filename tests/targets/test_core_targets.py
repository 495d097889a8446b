"""Cores by name: what the planner knows of each, how each compiler passes floats for it, boards that have it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from mgecc.targets import (
    TargetError,
    board_names,
    core_names,
    load_target,
    load_toolchain,
    target_options,
)
from mgecc.toolrun.float_abi import float_abi_conflict
from mgecc.toolrun.objects import compile_file
from mgecc.toolrun.runner import link_program
from mgecc.toolrun.sources import board_script, runner_includes, runner_sources, runtime_folder

EVERY = sorted([*core_names(), *(f"{c}+{f}" for c in core_names() for f in target_options(c)[0])])
SOURCE = """
#include <stdint.h>
#if {dsp}
#include <arm_acle.h>
int32_t both(int32_t a, int32_t b, int32_t c);
int32_t both(int32_t a, int32_t b, int32_t c) {{ return __smlad(a, b, c); }}
#elif defined(__ARM_FEATURE_SIMD32)
#error "DSP where there is none"
#endif
#if {mve} != (defined(__ARM_FEATURE_MVE) ? 1 : 0) || {fpu} != (defined(__ARM_FP) ? 1 : 0)
#error "another vector or floating point unit"
#endif
float scale(float a, float b);
float scale(float a, float b) {{ return a * b; }}
int64_t multiply(int32_t a, int32_t b);
int64_t multiply(int32_t a, int32_t b) {{ return (int64_t)a * b; }}
int32_t divide(int32_t a, int32_t b);
int32_t divide(int32_t a, int32_t b) {{ return a / b; }}
"""


def compiled(name: str, compiler: str, folder: Path) -> Path:
    """An object with floats, products and quotients."""
    target = load_target(name)
    facts = target.facts
    parts = {
        "dsp": int("dsp" in target.abilities and "nodsp" not in target.features),
        "mve": int(facts.int8.mve),
        "fpu": int(facts.core.fpu),
    }
    source, obj = folder / "k.c", folder / f"{name}.o"
    source.write_text(SOURCE.format(**parts))
    args = load_toolchain(compiler, target).compile_args(source, obj)
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return obj


def undefined(obj: Path) -> set[str]:
    with obj.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab").iter_symbols()
        return {s.name for s in symbols if s.name and s["st_shndx"] == "SHN_UNDEF"}


@pytest.mark.parametrize("compiler", ["zig", "gcc", "clang"])
@pytest.mark.parametrize("name", EVERY)
def test_compilers_know_of_a_core_what_the_planner_knows(name: str, compiler: str, tmp_path: Path) -> None:
    core = load_target(name).facts.core
    called = undefined(compiled(name, compiler, tmp_path))
    lacking = {
        "__aeabi_fmul": not core.fpu,
        "__aeabi_lmul": core.long_multiply_cost > 1,
        "__aeabi_idiv": core.divide_cost > 1,
    }
    assert called == {function for function, is_lacking in lacking.items() if is_lacking}


@pytest.mark.parametrize("compiler", ["zig", "gcc", "clang"])
def test_objects_that_pass_floats_otherwise_are_told_with_the_remedy(compiler: str, tmp_path: Path) -> None:
    hard, soft = (str(compiled(name, compiler, tmp_path)) for name in ("cortex-m4f", "cortex-m0"))
    m0, m7 = load_target("cortex-m0"), load_target("cortex-m7")
    assert float_abi_conflict(m0, [soft, "-Map=x"]) == float_abi_conflict(m7, [hard]) == ""
    subprocess.run(load_toolchain(compiler, m0).archive_args(tmp_path / "lib.a", [soft, hard]), check=True)
    for objects in ([hard], [str(tmp_path / "lib.a")]):
        told = float_abi_conflict(m0, [soft, *objects])
        assert told.startswith(objects[0]) and "\n" not in told
        assert "-mcpu=cortex-m0 -mfloat-abi=soft, or build for a core with an FPU, such as cortex-m4f" in told
    assert "compile it with -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard" in float_abi_conflict(m7, [soft])


def test_hard_floats_on_a_core_without_fpu_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "base: cortex-m0\ncflags: [-mcpu=cortex-m0, -mfloat-abi=hard, -mthumb]\n"
    )
    with pytest.raises(
        TargetError, match="mine: this core has no FPU, but cflags say -mfloat-abi=hard; say -mf"
    ):
        load_target(str(tmp_path / "mine.yaml"))


def test_a_core_is_a_target_and_a_processor_of_baremetal() -> None:
    core, same = load_target("cortex-m33+nodsp"), load_target("baremetal", "cortex-m33")
    assert core.name == core.spec == "cortex-m33+nodsp" and core.cpu == "" and same.cpu == "cortex-m33"
    assert "-mcpu=cortex-m33+nodsp" in core.cflags and "-mcpu=cortex-m33" in same.cflags
    assert load_target("baremetal").cflags == load_target("cortex-m4f").cflags
    assert not load_target("cortex-m33+nodsp+nofp").facts.core.fpu
    with pytest.raises(TargetError, match="did you mean cortex-m35p"):
        load_target("cortex-m35")
    with pytest.raises(TargetError, match="unknown feature 'nofp' of cortex-m0, which has none"):
        load_target("cortex-m0+nofp")


def test_arenas_are_aligned_to_what_the_widest_load_needs() -> None:
    aligns = {
        name: load_target(name).align for name in ("cortex-m0", "cortex-m55", "cortex-m55+nomve", "arm64")
    }
    assert aligns == {"cortex-m0": 8, "cortex-m55": 16, "cortex-m55+nomve": 8, "arm64": 64}


@pytest.mark.parametrize("name", board_names())
@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_programs_are_laid_out_for_boards_and_too_large_ones_refused(
    name: str, compiler: str, tmp_path: Path
) -> None:
    target = load_target(name)
    board, tools = target.boards[0], load_toolchain(compiler, target)
    assert board["name"] == target.spec == name and any("machine" in each for each in target.boards[1:])
    script, main = tmp_path / "board.ld", tmp_path / "main.c"
    script.write_text(board_script(board))
    memories = board.get("memories", {})
    places = [f'char in_{m}[8] __attribute__((section(".{m}"))) = {{1}};' for m in memories]
    places += [f'char zeros_{m}[8] __attribute__((section(".bss.{m}")));' for m in memories]
    used = " + ".join(["all[argc]", *(f"in_{m}[argc] + zeros_{m}[argc]" for m in memories)])
    text = '#include "port.h"\n{}\nchar all[{}];\nint mg_main(int argc, char **argv) {{ return *argv[0] + {}; }}\n'
    sources = [main, *runner_sources(target)]
    for size, fits in ((256, True), (board["ram"][1], False)):
        main.write_text(text.format("\n".join(places), size, used))
        objects = [tmp_path / f"{source.stem}.o" for source in sources]
        for source, obj in zip(sources, objects):
            subprocess.run(tools.compile_args(source, obj, runner_includes(target), "size"), check=True)
        program = tmp_path / "program.elf"
        if fits:
            link_program(tools, program, objects, script)
            _check_places(program, board)
        else:
            with pytest.raises(Exception, match="will not fit in region|overflowed"):
                link_program(tools, program, objects, script)


def _check_places(program: Path, board: dict[str, tuple[int, int]]) -> None:
    with program.open("rb") as file:
        elf = ELFFile(file)
        symbols = {s.name: s["st_value"] for s in elf.get_section_by_name(".symtab").iter_symbols()}
    places = {"mg_main": board["flash"], "all": board["ram"], "mg_stack_top": board["ram"]}
    for memory, area in dict(board.get("memories", {})).items():
        places |= {f"in_{memory}": area, f"zeros_{memory}": area}
    for name, (start, size) in places.items():
        assert start <= symbols[name] <= start + size, name


@pytest.mark.parametrize("compiler", ["zig", "gcc", "clang"])
@pytest.mark.parametrize("name", ["cortex-m0", "cortex-m4"])
def test_memory_functions_of_the_port_call_nothing(name: str, compiler: str, tmp_path: Path) -> None:
    tools, obj = load_toolchain(compiler, load_target(name)), tmp_path / "memory.o"
    compile_file(runtime_folder() / "runner" / "memory.c", obj, tools, [], "size")
    assert {symbol for symbol in undefined(obj) if not symbol.startswith("__aeabi_unwind")} == set()
