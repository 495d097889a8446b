"""Sections of libraries lie in the memories that a board gives them, and models run from there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from mgecc.config import load_cases, load_config
from mgecc.targets import TargetError, load_target
from mgecc.toolrun.session import compile_and_build, prepare
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
