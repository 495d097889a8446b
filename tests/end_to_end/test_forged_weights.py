"""A blob may come from anybody: whatever its weights are, a model stays inside arena, blob and stack, and all it does
is defined in C.

By default a few models stand for all: those read weights in every way. MGECC_FORGED=1000 attacks every model of the
corpus that often, on features and CPUs of the targets too; MGECC_FORGED_SEED=7 in another way; MGECC_FORGED_LOADS=5
opens five damaged blobs after each; MGECC_FORGED_MODELS=models attacks the networks of that folder instead.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from forged import all_programs, build, few_programs, machine, weights_of
from mgecc.targets.host import host_flags
from mgecc.toolrun.emulators import find_emulator

RUNS = int(os.environ.get("MGECC_FORGED", "0"))
HOST = ["x86_64", "baremetal", *["x86_64 v2", "x86_64 v4", "x86_64 v4-vnni"] * (RUNS > 0)]
FEATURES = ["arm64+dot", "arm64+i8mm", "arm64+fp16", "armv7+dot"] * (RUNS > 0)
SEED = os.environ.get("MGECC_FORGED_SEED", "1")
LOADS = os.environ.get("MGECC_FORGED_LOADS", "2")
PAGE = Path(__file__).parents[2] / "docs" / "security.md"


def attack(target_name: str, command: list[str], launcher: list[str], folder: Path, shared: Path) -> None:
    programs = list(all_programs(target_name, shared)) if RUNS else few_programs(target_name, shared)
    forge = build(programs, machine(target_name), command, folder)
    runs = RUNS or 40
    words = [*launcher, str(forge), str(runs), LOADS, SEED]
    options = {"ASAN_OPTIONS": "abort_on_error=1:detect_leaks=0"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | options)
    assert done.returncode == 0, done.stderr[:1500] + done.stderr[-500:]
    assert int(done.stdout) > runs * len(programs) // 2


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc and its sanitizers: apt-get install gcc")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="runs what it builds on the build host")
@pytest.mark.parametrize("target_name", HOST)
def test_any_weights_stay_inside_and_are_defined(
    target_name: str, tmp_path: Path, shared_folder: Path
) -> None:
    target = machine(target_name)
    if not set(target.host_flags) <= (host_flags() or set()):
        pytest.skip(f"this processor does not run {target_name}")
    command = [
        "gcc",
        *(target.cflags if target.name == "x86_64" else ()),
        "-fsanitize=address,undefined,float-cast-overflow",
        "-fno-sanitize-recover=all",
    ]
    attack(target_name, command, [], tmp_path, shared_folder)


@pytest.mark.parametrize("target_name", ["arm64", "armv7", *FEATURES])
def test_any_weights_stay_between_guard_pages_on_arm(
    target_name: str, tmp_path: Path, shared_folder: Path
) -> None:
    target = machine(target_name)
    compiler = f"{target.gcc['prefix']}gcc"
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    find_emulator(target.emulator[0])
    # Sums are left out: those of vectors wrap around, but arm_neon.h writes them as plain C.
    traps = [
        "-fsanitize=float-cast-overflow,shift,integer-divide-by-zero",
        "-fsanitize-undefined-trap-on-error",
    ]
    attack(
        target_name,
        [compiler, *target.cflags, *traps, "-static"],
        list(target.emulator),
        tmp_path,
        shared_folder,
    )


def listed_tables() -> set[tuple[str, str]]:
    """(template, operand) of every row of the table in docs/security.md that says how integers are held."""
    rows = re.findall(r"^\| (.*?) \| (.*?) \|.*\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    names = [
        (re.findall(r"`([^`]+)`", kernels), re.findall(r"`([^`]+)`", operands)) for kernels, operands in rows
    ]
    return {(k, o) for kernels, operands in names for k in kernels if k.endswith(".j2") for o in operands}


@pytest.mark.parametrize("target_name", [*HOST, "arm64", "armv7", *FEATURES])
def test_documentation_says_of_all_stored_integers_how_they_are_held(
    target_name: str, shared_folder: Path
) -> None:
    calls = [call for program in all_programs(target_name, shared_folder) for call in program.calls]
    read = {(c.kernel.template, n) for c in calls for n, ctype in weights_of(c).items() if "int" in ctype}
    assert read and read <= listed_tables(), sorted(read - listed_tables())
    rows = [
        row for row in PAGE.read_text(encoding="utf-8").splitlines() if "checked against their bounds" in row
    ]
    checked = {c.kernel.template: bool(c.kernel.tables) for c in calls}
    said = {template: any(f"`{template}`" in row for row in rows) for template in checked}
    assert checked == said
