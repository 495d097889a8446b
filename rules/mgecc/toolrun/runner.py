"""The program that feeds recorded inputs to a library on its target, and what starts it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgecc.errors import Reported
from mgecc.targets import Target, Toolchain, load_toolchain
from mgecc.toolrun.cache import action_key, objects_cache
from mgecc.toolrun.depfile import SUPPORT_LIBRARY
from mgecc.toolrun.float_abi import float_abi_conflict
from mgecc.toolrun.library import Library
from mgecc.toolrun.objects import compile_file
from mgecc.toolrun.process import ToolError, run_tool
from mgecc.toolrun.sources import board_script, runner_includes, runner_main, runner_sources
from mgecc.toolrun.start import start_command

# A model of a gigaflop takes a few seconds under an emulator; a program that hangs must end some time.
TIMEOUT_SECONDS = 1800
_CODE_BYTES = 512 << 10
_STACK_BYTES = 64 << 10


class RunError(Reported):
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
        fits = board["flash"][1] >= flash + _CODE_BYTES and board["ram"][1] >= ram + _STACK_BYTES
        if fits and "machine" in board:
            return board
    what = f"{flash} bytes of flash and {ram} bytes of RAM"
    raise RunError(f"no board of target {target.name} that can be emulated has {what}")


def build_runner(
    library: Library,
    toolchain: str,
    flash: int,
    ram: int,
    folder: Path,
    sizes: bool = False,
    bound: bool = False,
) -> Runner:
    """Link the runner with a library. ``flash``: bytes of weights; ``ram``: bytes of arena, inputs and outputs;
    ``sizes``: the model has declared sizes; ``bound``: inputs or outputs lie in memory of the application's.

    Raises RunError, ToolError, ToolchainMissing.
    """
    target = library.target
    board = choose_board(target, flash, ram)
    tools = load_toolchain(toolchain, target)
    includes = runner_includes(target)
    folder.mkdir(parents=True, exist_ok=True)
    main = folder / "runner_main.c"
    main.write_text(runner_main(library.name, sizes, bound), encoding="utf-8")
    apart = "mgecc_run_parallel" in (library.folder / f"{library.name}.h").read_text(encoding="utf-8")
    seen = {main: [library.folder, *includes]} | dict.fromkeys(runner_sources(target, apart), includes)
    objects = [
        compile_file(source, folder / f"{source.stem}.o", tools, folders, "size")
        for source, folders in seen.items()
    ]
    script = None
    if board:
        script = folder / "board.ld"
        script.write_text(board_script(board), encoding="utf-8")
    program = folder / f"{library.name}.elf"
    link_program(tools, program, [*objects, library.archive], script)
    return Runner(program, target, board)


def link_program(
    tools: Toolchain, program: Path, inputs: Sequence[str | Path], script: Path | None = None
) -> str:
    """Link a program; with the compiler's support library if arithmetic is missing that the CPU lacks.

    That library takes seconds to build and few programs need it, hence only then, and once.
    Returns what the linker printed.
    Raises ToolError, also for objects that pass floats otherwise than the target.
    """
    conflict = float_abi_conflict(tools.target, map(str, inputs))
    if conflict:
        raise ToolError(conflict)
    try:
        return run_tool(lambda out: tools.link_program_args(out, inputs, script), program)
    except ToolError as error:
        library = program.with_name(SUPPORT_LIBRARY)
        if "__aeabi_" not in str(error) or not tools.support_library_args(library, program.parent):
            raise
        _support_library(tools, library)
        return run_tool(lambda out: tools.link_program_args(out, [*inputs, library], script), program)


def _support_library(tools: Toolchain, library: Path) -> None:
    """Build the compiler's support library, unless a cache has that of this compiler for this CPU."""
    options = tools.support_library_args("", "")[3:]
    step = " ".join(["support library", load_toolchain("zig", tools.target).identity, *options])
    cache, key = objects_cache(), action_key(step, [], [SUPPORT_LIBRARY])
    if cache and cache.fetch(key, {SUPPORT_LIBRARY: library}):
        return
    scratch = library.with_suffix(".cache")
    run_tool(lambda out: tools.support_library_args(out, scratch), library)
    if cache:
        cache.keep(key, {SUPPORT_LIBRARY: library}, "")


def run_program(
    runner: Runner, inputs: bytes, repeat: int = 1, shapes: Sequence[str] = (), dump: bytes = b""
) -> tuple[bytes, list[int]]:
    """Run the cases in ``inputs``, each the bytes of all inputs in the model's order; ``shapes``: words that say which.
    ``dump``: parts of the arena that are wanted instead of outputs, as runner.c reads them.

    Returns the bytes of all outputs, likewise, and the nanoseconds of each of the ``repeat`` runs of each case (none
    for a single run or where the target has no clock). Raises EmulatorMissing and RunError.
    """
    said, outputs = start_runner(runner, inputs, ["--repeat", str(repeat), *shapes], dump)
    times = [int(line[3:]) for line in said.splitlines() if line.startswith("ns ")]
    return outputs, [time for time in times if time]


def start_runner(runner: Runner, inputs: bytes, words: Sequence[str], dump: bytes = b"") -> tuple[str, bytes]:
    """What the program printed and the file it wrote. ``words``: further arguments, see runner.c.

    Raises EmulatorMissing and RunError.
    """
    with tempfile.TemporaryDirectory(prefix="mgecc-") as name:
        folder = Path(name)
        (folder / "inputs.bin").write_bytes(inputs)
        if dump:
            (folder / "dump.bin").write_bytes(dump)
            words = [*words, "--dump", "dump.bin"]
        files = ["inputs.bin", "outputs.bin"]
        command = start_command(runner.program.resolve(), runner.target, runner.board, [*files, *words])
        said = _start(command, folder, runner.target.name)
        outputs = folder / "outputs.bin"
        if not outputs.is_file():
            raise RunError(f"{runner.target.name}: the program wrote no outputs: {said.strip()[-400:]}")
        return said, outputs.read_bytes()


def run_to_end(
    command: list[str], folder: Path, target: str, stderr: int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    """Run a program, or the emulator with it, in a folder; raises RunError where it does not start or does not end."""
    try:
        return subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RunError(f"{target}: no result after {TIMEOUT_SECONDS} s") from None
    except OSError as error:
        raise RunError(f"{command[0]}: {error.strerror or error}") from None


def _start(command: list[str], folder: Path, target: str) -> str:
    """What the program printed; raises RunError if it did not end well."""
    done = run_to_end(command, folder, target, stderr=subprocess.STDOUT)
    said = done.stdout.decode(errors="replace")
    if done.returncode:
        line = said.strip().replace("\n", "; ")[:300]
        raise RunError(f"{target}: the program ended with status {done.returncode}: {line}")
    return said
