"""Models of a program that run one after the other in one arena, which the rules declare and refuse to others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from mgecc.toolrun.emulators import find_emulator

from .conftest import ROOT, Checkout

SCONSTRUCT = f"""
env = Environment(tools=["mgecc"], toolpath=[{str(ROOT / "site_scons" / "site_tools")!r}])
nets = [env.MgeModel(name, name + "/model.yaml", target=TARGET) for name in NAMES]
app = env.MgeFirmware("two-nets", ["main.c"], nets, OPTIONS)
env.MgeTest("check", app, expected="want.txt")
env.Default(app)
"""
MAIN = """#include "port.h"
#include "two-nets_arena.h"
static float first[DIGITS_OUTPUT_LOGITS_ELEMENTS];
static mgecc_model digits, digits_int8;

static void draw(float *picture)
{
    for (int i = 0; i < DIGITS_INPUT_DATA_ELEMENTS; i++)
        picture[i] = (float)(i % 16);
}

int mg_main(int argc, char **argv)
{
    int same = 1;
    (void)argc, (void)argv;
    if (digits_open(&digits, two_nets_arena, sizeof two_nets_arena) != MGECC_OK ||
        digits_int8_open(&digits_int8, two_nets_arena, sizeof two_nets_arena) != MGECC_OK)
        return 1;
    for (int round = 0; round < 3; round++) {
        draw(digits_input_data(&digits));
        digits_run(&digits);
        for (int i = 0; i < DIGITS_OUTPUT_LOGITS_ELEMENTS; i++) {
            same &= round == 0 || first[i] == digits_output_logits(&digits)[i];
            first[i] = digits_output_logits(&digits)[i];
        }
        draw(digits_int8_input_data(&digits_int8));
        digits_int8_run(&digits_int8);
    }
    mg_port_print(same && first[0] != first[1] ? "the same\\n" : "others\\n");
    return 0;
}
"""
OWN = (
    "base: cortex-m4\nboards:\n  - {machine: mps2-an386, flash: [0, 0x400000], ram: [0x20000000, 0x100000], "
)
OWN += "memories: {fast: [0x20100000, 0x100000]}}\n"


def tree(folder: Path, options: str, *names: str, target: str = "cortex-m4") -> Checkout:
    for name in names:
        shutil.copytree(ROOT / "models" / name, folder / name)
    text = SCONSTRUCT.replace("TARGET", repr(target)).replace("NAMES", repr(names))
    (folder / "SConstruct").write_text(text.replace("OPTIONS", options))
    (folder / "main.c").write_text(MAIN)
    (folder / "want.txt").write_text("the same\n")
    return Checkout(folder)


def symbol(elf: Path, name: str) -> tuple[int, int]:
    """Address and bytes."""
    with elf.open("rb") as file:
        (found,) = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(name)
        return found["st_value"], found["st_size"]


def arena_of(header: Path) -> int:
    (line,) = [line for line in header.read_text().splitlines() if "_ARENA_SIZE " in line]
    return int(line.split()[-1].rstrip("u"))


@pytest.mark.parametrize("order", [("digits", "digits_int8"), ("digits_int8", "digits")])
def test_models_take_turns_in_an_arena_for_the_largest(order: tuple[str, str], tmp_path: Path) -> None:
    find_emulator("qemu-system-arm")
    user = tree(tmp_path, "shared_arena=True", *order)
    assert "the same" in user.scons("check", ".")
    build = tmp_path / "build" / "cortex-m4"
    sizes = [arena_of(build / name / f"{name}.h") for name in order]
    assert len(set(sizes)) == 2
    assert symbol(build / "two-nets" / "two-nets.elf", "two_nets_arena")[1] == max(sizes)
    assert user.steps(".") == []


def test_the_arena_lies_in_the_section_that_is_named(tmp_path: Path) -> None:
    find_emulator("qemu-system-arm")
    (tmp_path / "mine.yaml").write_text(OWN)
    options = 'shared_arena=["digits", "digits_int8"], arena_section=".bss.fast"'
    user = tree(tmp_path, options, "digits", "digits_int8", target="mine.yaml")
    assert "the same" in user.scons("check", ".")
    assert symbol(tmp_path / "build/mine/two-nets/two-nets.elf", "two_nets_arena")[0] >> 20 == 0x201


def test_models_with_memory_across_runs_are_refused(tmp_path: Path) -> None:
    user = tree(tmp_path, "shared_arena=True", "digits", "okay_nabu")
    (tmp_path / "main.c").write_text(
        '#include "two-nets_arena.h"\nint mg_main(int a, char **b) { return a && b; }\n'
    )
    said = user.scons(status=3)
    assert "okay_nabu has memory that lives across runs and needs an arena of its own" in said


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ('shared_arena=["digits", "digit_int8"]', "no model 'digit_int8'; did you mean 'digits_int8'?"),
        ('shared_arena=["digits"]', "needs several models, each once"),
        ('shared_arena=["digits", "digits"]', "needs several models, each once"),
        ('arena_section=".bss.fast"', "arena_section='.bss.fast' needs shared_arena"),
        ('shared_arena=True, arena_section="fast"', "a name such as '.bss.dtcm'"),
    ],
)
def test_wrong_declarations_are_explained(options: str, why: str, tmp_path: Path) -> None:
    said = tree(tmp_path, options, "digits", "digits_int8").scons(status=2)
    assert why in said and "Traceback" not in said
