"""What stands before the C compiler: ccache, distcc or a program of the user's, with the same results."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mgecc.targets import Toolchain, ToolchainMissing, load_target, load_toolchain

# The program that stands for "zig clang" where a compiler must be one word; see docs/build-farm.md.
ZIG_PROGRAM = "mgecc-zig-clang"


@dataclass(frozen=True)
class Launcher:
    """Words before the command of every C compile. ``farm``: other machines look the compiler up by its name."""

    words: tuple[str, ...] = ()
    farm: bool = False

    def wrap(self, args: Sequence[str], toolchain: Toolchain) -> list[str]:
        """The command with what stands before it; other machines do not send back what lies beside an object."""
        if not self.words or (self.farm and toolchain.writes_beside):
            return list(args)
        if not self.farm:
            return [*self.words, *args]
        rest = list(args)[len(toolchain.cc) :]
        return [*self.words, _farm_name(toolchain), *rest]


def _farm_name(toolchain: Toolchain) -> str:
    return ZIG_PROGRAM if toolchain.name == "zig" else os.path.basename(toolchain.cc[0])


def make_launcher(command: str = "", ccache: bool = False, distcc: str = "") -> Launcher:
    """The launcher that the command line asks for; ``distcc``: its hosts. Raises ToolchainMissing."""
    words = shlex.split(command)
    if words:
        words[0] = _find(words[0], words[0])
    if ccache:
        words = [_find("ccache", "ccache"), *words]
    if distcc:
        os.environ["DISTCC_HOSTS"] = distcc
        program = _find("distcc", "distcc")
        if ccache:
            os.environ["CCACHE_PREFIX"] = "distcc"
        else:
            words = [*words, program]
    return Launcher(tuple(words), bool(distcc))


def _find(program: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise ToolchainMissing(f"{program} is not installed: apt-get install {os.path.basename(package)}")
    return path


def zig_on_path(folder: Path) -> None:
    """Make ``zig clang``, where it is installed, a program of one word in ``folder``, and that folder part of PATH."""
    try:
        toolchain = load_toolchain("zig", load_target("baremetal"))
    except ToolchainMissing:
        return
    program = folder / ZIG_PROGRAM
    text = f'#!/bin/sh\nexec {shlex.join(toolchain.cc)} "$@"\n'
    if not program.is_file() or program.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    path = os.environ.get("PATH", "")
    if os.fspath(folder.resolve()) not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([os.fspath(folder.resolve()), path])
