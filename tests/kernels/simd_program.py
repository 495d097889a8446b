"""Programs that call functions of the SIMD vocabulary: on this machine, emulated, or on a board without a system."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from emulated import build_program
from harness import host_targets
from mgecc.targets import Target, load_target
from mgecc.toolrun.emulators import find_emulator
from mgecc.toolrun.runner import run_program
from native import FLAGS, host_flags

BARE = {"mve": "cortex-m55"}
CROSS = {"neon64": ("arm64", "aarch64-linux-gnu-gcc"), "neon32": ("armv7", "arm-linux-gnueabihf-gcc")}
N = 4099  # not a multiple of any vector
HOSTED = r"""
#include <stdio.h>
int main(void)
{
    int which;
    while (fread(&which, sizeof which, 1, stdin) == 1) {
        if (fread(X, sizeof X, 1, stdin) + fread(Y, sizeof Y, 1, stdin) + fread(Z, sizeof Z, 1, stdin) != 3) return 1;
        F[which]();
        fwrite(R, sizeof R, 1, stdout);
        fflush(stdout);
    }
    return 0;
}
"""
ON_BOARD = r"""
#include "port.h"
int mg_main(int argc, char **argv)
{
    (void)argc, (void)argv;
    const int in = mg_port_open("inputs.bin", 0), out = mg_port_open("outputs.bin", 1);
    int which;
    while (mg_port_read(in, &which, sizeof which) == sizeof which) {
        mg_port_read(in, X, sizeof X), mg_port_read(in, Y, sizeof Y), mg_port_read(in, Z, sizeof Z);
        F[which]();
        mg_port_write(out, R, sizeof R);
    }
    mg_port_close(out);
    return 0;
}
"""


def _tools(isa: str) -> tuple[str, list[str], Target]:
    for target in host_targets():
        if target.isa == isa:
            return "gcc", [], target
    if isa not in CROSS:
        pytest.skip(f"this processor does not run {isa}")
    name, compiler = CROSS[isa]
    target = load_target(name)
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    find_emulator(target.emulator[0])
    return compiler, list(target.emulator), target


def _hosted(isa: str, text: str, folder: Path) -> Callable[[bytes], bytes]:
    """A program under a system that has all functions of an instruction set."""
    compiler, emulator, target = _tools(isa)
    source, program = folder / f"{isa}.c", folder / isa
    source.write_text(text + HOSTED, encoding="utf-8")
    flags = [f for f in FLAGS.split() if f != "-fPIC"]
    native = host_flags(target).split() if compiler == "gcc" else list(target.cflags)
    command = [compiler, *flags, *native, "-static", "-o", str(program), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]

    def run(data: bytes) -> bytes:
        done = subprocess.run([*emulator, str(program)], input=data, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def _on_board(isa: str, text: str, folder: Path) -> Callable[[bytes], bytes]:
    """The same for a core without a system."""
    runner = build_program(text + ON_BOARD, 4 * 4 * N, load_target(BARE[isa]), folder)
    return lambda data: run_program(runner, data)[0]


def built(isa: str, text: str, folder: Path) -> Callable[[bytes], bytes]:
    """A program around ``text``, which defines F, functions from X, Y and Z of N numbers to R.

    It takes the number of a function, X, Y and Z, and gives R; any times."""
    return (_on_board if isa in BARE else _hosted)(isa, text, folder)
