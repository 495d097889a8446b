"""Executed instructions of programs under QEMU, counted by a plugin: runtime/emulator/qemu_insn_count.c."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from mgecc.errors import Reported
from mgecc.targets import Target
from mgecc.targets.toolchain import zig_program
from mgecc.toolrun.emulators import launcher
from mgecc.toolrun.runner import Runner
from mgecc.toolrun.sources import runtime_folder
from mgecc.toolrun.start import start_command

_SOURCE = "emulator/qemu_insn_count.c"
_COMPILERS = ("cc", "gcc", "clang")


class CounterMissing(Reported):
    """The plugin cannot be built, or the emulator does not load it; ``str`` is one line."""


def build_counter(folder: Path) -> Path:
    """Compile the plugin for the build host, into ``folder``; by the zig wheel's compiler where there is no other.

    Raises CounterMissing.
    """
    plugin = folder / "libcount.so"
    words = ["-O2", "-shared", "-fPIC", "-o", str(plugin), str(runtime_folder() / _SOURCE)]
    found = next(filter(None, map(shutil.which, _COMPILERS)), None)
    zig = zig_program()
    if not found and not zig:
        raise CounterMissing("instructions cannot be counted: no C compiler for QEMU's plugin")
    # The functions of QEMU that the plugin calls are in the program that loads it.
    command = [found, *words] if found else [str(zig), "cc", "-Wl,-z,undefs", *words]
    caches = dict.fromkeys(("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"), str(folder / "zig"))
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | caches)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[0]
        raise CounterMissing(f"instructions cannot be counted: QEMU's plugin does not compile: {said}")
    return plugin


def counting_emulator(target: Target, plugin: Path, options: str) -> list[str]:
    """The target's emulator of programs under a system, with the plugin; ``options``: as the plugin's source says.

    Raises CounterMissing and EmulatorMissing.
    """
    name, *arguments = launcher(target)
    # Statically linked builds of QEMU load no plugins.
    program = Path(name).name.removesuffix("-static")
    found = shutil.which(program)
    if found is None:
        raise CounterMissing(
            f"instructions cannot be counted: {program} is not installed: apt-get install qemu-user"
        )
    return [found, *arguments, *_plugin_words(plugin, options)]


def counting_command(runner: Runner, plugin: Path, options: str, words: Sequence[str]) -> list[str]:
    """What starts a runner with the plugin and the arguments ``words``. Raises CounterMissing and EmulatorMissing."""
    program = runner.program.resolve()
    if runner.board:
        started = start_command(program, runner.target, runner.board, words)
        return [*started, *_plugin_words(plugin, options)]
    return [*counting_emulator(runner.target, plugin, options), str(program), *words]


def is_emulated(runner: Runner) -> bool:
    """Whether the program runs in an emulator here, whose clock says nothing of the target."""
    return bool(runner.board or launcher(runner.target))


def _plugin_words(plugin: Path, options: str) -> list[str]:
    return ["-d", "plugin", "-D", os.devnull, "-plugin", f"{plugin},{options}"]
