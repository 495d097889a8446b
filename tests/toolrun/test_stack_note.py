"""Libraries without an operating system link without a warning of GNU ld, whose start-up files have no stack note."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from mgecc.config import ModelConfig
from mgecc.targets import ToolchainMissing, load_target
from mgecc.toolrun.session import compile_and_build
from mgecc.toolrun.sources import runtime_folder

MODEL = Path(__file__).parents[1] / "data" / "mge-corpus" / "activations.mge"
MAIN = """
#include "activations.h"
static MGECC_ALIGNED unsigned char arena[ACTIVATIONS_ARENA_SIZE];
void _start(void);
void _start(void)
{
    mgecc_model m;
    if (activations_open(&m, arena, sizeof arena) == MGECC_OK) activations_run(&m);
}
"""
GCC = "arm-none-eabi-gcc"


def _link(folder: Path, archive: Path, cflags: tuple[str, ...]) -> str:
    """What the linker says of a program whose last object is GCC's crtn.o."""
    (folder / "main.c").write_text(MAIN)
    asked = [GCC, *cflags, "-print-file-name=crtn.o"]
    crtn = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    memory = runtime_folder() / "runner" / "memory.c"
    flags = [*cflags, f"-I{folder}", "-nostdlib", "-ffreestanding", "-Wl,--fatal-warnings"]
    command = [GCC, *flags, "main.c", str(memory), str(archive), crtn, "-lgcc", "-o", "program"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.skipif(shutil.which(GCC) is None, reason=f"{GCC} is not installed")
@pytest.mark.parametrize("toolchain", ["zig", "clang", "gcc"])
@pytest.mark.parametrize("own", [False, True], ids=["baremetal", "own board"])
def test_gnu_ld_links_a_library_without_a_warning(own: bool, toolchain: str, tmp_path: Path) -> None:
    board = tmp_path / "board.yaml"
    board.write_text("base: baremetal\ncpu: cortex-m7\n")
    target = load_target(str(board) if own else "baremetal")
    try:
        (library,) = compile_and_build(ModelConfig(MODEL, "activations", MODEL), target, toolchain, tmp_path)
    except ToolchainMissing as missing:
        pytest.skip(str(missing))
    assert _link(tmp_path, library.archive, target.cflags) == ""
