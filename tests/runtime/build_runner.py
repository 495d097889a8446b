"""Building and running the runner around the hand-made model, on each machine."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from mgecc import emit
from mgecc.planner import Program
from mgecc.targets import Target, load_target, load_toolchain
from mgecc.toolrun.emulators import find_emulator
from mgecc.toolrun.sources import (
    board_script,
    include_folder,
    runner_includes,
    runner_main,
    runner_sources,
    runtime_folder,
    runtime_sources,
)
from strict import STRICT

MODEL = ('-DMG_MODEL_HEADER="tiny.h"', "-DMG_MODEL=tiny", "-DMG_ARENA_SIZE=TINY_ARENA_SIZE")


def write_model(program: Program, target: Target, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.h").write_text(emit.header([program]))
    (folder / "tiny.blob").write_bytes(emit.write_blob([program], [target]))
    (folder / "tiny_blob.S").write_text(emit.blob_s("tiny"))
    (folder / "tiny_kernels.c").write_text(emit.kernels_c(program, target))


def check(command: Sequence[object], folder: Path) -> str:
    """Run and return what it printed; a compiler's warning is a failure, too."""
    done = subprocess.run(
        [*map(str, command)], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def build(program: Program, target: Target, toolchain: str, folder: Path) -> Path:
    """The statically linked runner of the program, without libc."""
    write_model(program, target, folder)
    tools = load_toolchain(toolchain, target)
    (folder / "runner_main.c").write_text(runner_main("tiny", bound=program.is_bound))
    includes = [folder, *runner_includes(target)]
    sources = [folder / "runner_main.c", folder / "tiny_kernels.c", folder / "tiny_blob.S"]
    sources += [*runtime_sources(bound=program.is_bound), *runner_sources(target)]
    objects = [folder / f"{source.stem}{source.suffix[1:]}.o" for source in sources]
    for source, obj in zip(sources, objects):
        assert check([*tools.compile_args(source, obj, includes), "-Werror"], folder) == ""
    script = None
    if target.boards:
        script = folder / "board.ld"
        script.write_text(board_script(target.boards[0]))
    check(tools.link_program_args(folder / "runner", objects, script), folder)
    return folder / "runner"


def build_hosted(program: Program, target: Target, folder: Path, compiler: Sequence[str]) -> Path:
    """The runner with the host's libc, e.g. for sanitizers."""
    write_model(program, target, folder)
    root = runtime_folder()
    sources = [*runtime_sources(), root / "runner/runner.c", root / "port/hosted/hosted.c"]
    flags = [
        "-std=c11",
        "-Wall",
        "-Wextra",
        *STRICT,
        "-Werror",
        f"-I{folder}",
        f"-I{include_folder()}",
        f"-I{root / 'runner'}",
    ]
    check(
        [
            *compiler,
            *flags,
            *target.cflags,
            *MODEL,
            "tiny_kernels.c",
            "tiny_blob.S",
            *sources,
            "-o",
            "runner",
        ],
        folder,
    )
    return folder / "runner"


def command(target: Target, runner: Path, args: Sequence[str]) -> list[str]:
    """How the runner is started on this host; raises EmulatorMissing."""
    if target.emulator:
        find_emulator(target.emulator[0])
    if not target.boards:
        return [*target.emulator, str(runner), *args]
    line = ",".join(f"arg={arg}" for arg in ("runner", *args))
    machine = ["-M", target.boards[0]["machine"], "-nographic", "-monitor", "none", "-serial", "none"]
    return [
        *target.emulator,
        *machine,
        "-kernel",
        str(runner),
        "-semihosting-config",
        f"enable=on,target=native,{line}",
    ]


def target_of(name: str) -> Target:
    return load_target(name)
