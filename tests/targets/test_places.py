"""Sections of libraries lie in the memories that a board gives them, and models run from there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from mgecc.config import load_cases, load_config
from mgecc.targets import TargetError, load_target, load_toolchain
from mgecc.toolrun.objects import compile_file
from mgecc.toolrun.runner import link_program
from mgecc.toolrun.session import compile_and_build, prepare
from mgecc.toolrun.sources import board_script
from mgecc.toolrun.verify import verify

MODELS = Path(__file__).parents[2] / "models"
PLACED = """
base: cortex-m4f
boards:
  - name: placed
    machine: mps2-an386
    flash: [0, 0x400000]
    ram: [0x20000000, 0x100000]
    memories: {fast: [0x20100000, 0x100000], spare: [0x20200000, 0x1000]}
    in_place: {outer: [0x21000000, 0x800000]}
    place:
      fast: [.text.mgk_*, .text.mgecc_run]
      outer: [.rodata.*_blob]
"""


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
def test_kernels_and_weights_lie_and_run_where_the_board_places_them(toolchain: str, tmp_path: Path) -> None:
    (tmp_path / "placed.yaml").write_text(PLACED)
    target = load_target(str(tmp_path / "placed.yaml"))
    config = load_config(MODELS / "digits_int8" / "model.yaml")
    libraries = compile_and_build(config, target, toolchain, tmp_path / "products")
    session = prepare(libraries, toolchain, tmp_path / "runner")
    assert config.verify.inputs and config.verify.expected
    inputs, expected = (
        {key: array[:2] for key, array in load_cases(path).items()}
        for path in (config.verify.inputs, config.verify.expected)
    )
    (errors,) = verify(session, inputs, expected, replace(config.verify, top=None)).values()
    assert errors and all(error.ok for error in errors), errors
    with session.runners[0].program.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        symbols = {s.name: s["st_value"] for s in table.iter_symbols()}
    kernels = [at for name, at in symbols.items() if name.startswith("mgk_")]
    assert kernels and all(0x20100000 <= at < 0x20200000 for at in [*kernels, symbols["mgecc_run"]])
    assert 0x21000000 <= symbols["digits_int8_blob"] < 0x21800000 and symbols["mg_main"] < 0x400000


@pytest.mark.parametrize(
    "given",
    ["{spare: [.text.x]}", "{fast: .text.x}", "{fast: ['.text) } evil']}", "[.text.x]", "{fast: [text]}"],
)
def test_a_place_that_is_none_is_refused(given: str, tmp_path: Path) -> None:
    board = f"{{flash: [0, 64], ram: [64, 64], memories: {{fast: [1, 2]}}, place: {given}}}"
    text = f"base: cortex-m4f\nboards:\n  - {board}\n"
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(TargetError, match="place of a board (cannot be|names 'spare', which is none)"):
        load_target(str(tmp_path / "mine.yaml"))


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
def test_memories_may_be_called_by_words_of_the_linker(toolchain: str, tmp_path: Path) -> None:
    names = ("extern", "origin", "align", "at", "group", "include", "max", "noload", "sizeof", "version")
    memories = ", ".join(f"{name}: [{0x30000000 + k * 0x1000:#x}, 0x1000]" for k, name in enumerate(names))
    board = "{flash: [0, 0x10000], ram: [0x20000000, 0x10000], " + f"memories: {{{memories}}}}}"
    (tmp_path / "mine.yaml").write_text(f"base: cortex-m4f\nboards:\n  - {board}\n")
    target = load_target(str(tmp_path / "mine.yaml"))
    script, source = tmp_path / "board.ld", tmp_path / "main.c"
    script.write_text(board_script(target.boards[0]))
    arrays = "".join(f'__attribute__((section(".bss.{name}"))) char of_{name}[4];\n' for name in names)
    uses = "".join(f"of_{name}[0] = 1; " for name in names)
    source.write_text(f"{arrays}void mg_reset(void);\nvoid mg_reset(void) {{ {uses}}}\n")
    tools = load_toolchain(toolchain, target)
    obj = compile_file(source, tmp_path / "main.o", tools, [], "size")
    link_program(tools, tmp_path / "main.elf", [obj], script)
    with (tmp_path / "main.elf").open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        places = {s.name: s["st_value"] for s in table.iter_symbols()}
    assert [places[f"of_{name}"] >> 12 for name in names] == [0x30000 + k for k in range(len(names))]


@pytest.mark.parametrize("name", ["o", "org", "l", "len", "text", "Extern"])
def test_a_memory_that_no_linker_script_can_name_is_refused(name: str, tmp_path: Path) -> None:
    board = f"{{flash: [0, 64], ram: [64, 64], memories: {{{name}: [128, 64]}}}}"
    file = tmp_path / "mine.yaml"
    file.write_text(f"base: cortex-m4f\nboards:\n  - {board}\n")
    with pytest.raises(TargetError) as told:
        load_target(str(file))
    assert str(told.value) == f"{file}: memories of a board cannot be {{'{name}': [128, 64]}}"
