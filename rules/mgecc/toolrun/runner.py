"""The program that feeds recorded inputs to a library on its target, and what starts it."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgecc.targets import Target, load_toolchain
from mgecc.toolrun.emulators import find_emulator
from mgecc.toolrun.library import Library, compile_file
from mgecc.toolrun.process import run_tool
from mgecc.toolrun.sources import linker_script, runner_includes, runner_sources

# A model of a gigaflop takes a few seconds under an emulator; a program that hangs must end some time.
TIMEOUT_SECONDS = 1800
_CODE_BYTES = 512 << 10
_STACK_BYTES = 64 << 10


class RunError(Exception):
    """The program could not be run to its end on its target; ``str`` is one line."""


@dataclass(frozen=True)
class Runner:
    """A linked program for a target; ``board`` is the machine it was laid out for where there is no system."""

    program: Path
    target: Target
    board: dict[str, Any] | None = None


def choose_board(target: Target, flash: int, ram: int) -> dict[str, Any] | None:
    """The target's first board with this much flash and RAM in bytes; None where programs run under a system."""
    if target.system != "none":
        return None
    for board in target.boards:
        if board["flash"][1] >= flash + _CODE_BYTES and board["ram"][1] >= ram + _STACK_BYTES:
            return board
    raise RunError(f"no board of target {target.name} has {flash} bytes of flash and {ram} bytes of RAM")


def build_runner(library: Library, toolchain: str, flash: int, ram: int, folder: Path) -> Runner:
    """Link the runner with a library. ``flash``: bytes of weights; ``ram``: bytes of arena, inputs and outputs.

    Raises RunError, ToolError, ToolchainMissing.
    """
    target = library.target
    board = choose_board(target, flash, ram)
    tools = load_toolchain(toolchain, target)
    includes = [library.folder, *runner_includes(target)]
    generated = folder / "model.h"
    generated.parent.mkdir(parents=True, exist_ok=True)
    generated.write_text(f'#include "{library.name}.h"\n', encoding="utf-8")
    objects = [
        compile_file(source, folder / f"{source.stem}.o", tools, [folder, *includes], "size")
        for source in runner_sources(target)
    ]
    script = linker_script(board, folder) if board else None
    program = folder / f"{library.name}.elf"
    run_tool(lambda out: tools.link_program_args(out, [*objects, library.archive], script), program)
    return Runner(program, target, board)


def run_program(runner: Runner, inputs: bytes) -> bytes:
    """Run one inference; returns the bytes of the outputs in the model's order.

    Raises EmulatorMissing and RunError.
    """
    with tempfile.TemporaryDirectory(prefix="mgecc-") as name:
        folder = Path(name)
        (folder / "inputs.bin").write_bytes(inputs)
        command = _command(runner)
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RunError(f"{runner.target.name}: no result after {TIMEOUT_SECONDS} s") from None
        except OSError as error:
            raise RunError(f"{command[0]}: {error.strerror or error}") from None
        outputs = folder / "outputs.bin"
        if done.returncode or not outputs.is_file():
            said = done.stdout.decode(errors="replace").strip().replace("\n", "; ")
            raise RunError(
                f"{runner.target.name}: the program ended with status {done.returncode}: {said[-400:]}"
            )
        return outputs.read_bytes()


def _command(runner: Runner) -> list[str]:
    """``program inputs.bin outputs.bin``, through the emulator of the target."""
    program, words = str(runner.program.resolve()), ["inputs.bin", "outputs.bin"]
    if runner.board is None:
        emulator = runner.target.emulator
        prefix = [find_emulator(emulator[0]), *emulator[1:]] if emulator else []
        return [*prefix, program, *words]
    arguments = ",".join(f"arg={word}" for word in ["runner", *words])
    return [
        *(find_emulator(runner.target.emulator[0]), "-M", runner.board["machine"], "-nographic"),
        *("-monitor", "none", "-serial", "none", "-kernel", program),
        *("-semihosting-config", f"enable=on,target=native,{arguments}"),
    ]
