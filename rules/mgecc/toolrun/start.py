"""What starts a program of a target on the build host: directly, in an emulator, or on an emulated board."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mgecc.targets import Target
from mgecc.toolrun.emulators import EmulatorMissing, find_emulator, launcher


def start_command(
    program: Path, target: Target, board: Mapping[str, Any] | None, words: Sequence[str]
) -> list[str]:
    """``program`` with the arguments ``words``. ``board``: the machine it was linked for where there is no system.

    Raises EmulatorMissing.
    """
    if board is None:
        return [*launcher(target), str(program), *words]
    if not target.emulator or "machine" not in board:
        raise EmulatorMissing(f"target {target.name}: its board has no 'machine' that could be emulated")
    arguments = ",".join(f"arg={word}" for word in ["runner", *words])
    return [
        *(find_emulator(target.emulator[0]), "-M", board["machine"], "-nographic"),
        *("-monitor", "none", "-serial", "none", "-kernel", str(program)),
        *("-semihosting-config", f"enable=on,target=native,{arguments}"),
    ]


def run_image(
    program: Path, target: Target, board: Mapping[str, Any] | None, seconds: int = 600
) -> tuple[int, str]:
    """Status and console output of a program without arguments; raises EmulatorMissing, TimeoutError."""
    try:
        done = subprocess.run(
            start_command(program.resolve(), target, board, []),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{program.name}: did not end within {seconds} s") from None
    return done.returncode, done.stdout.decode(errors="replace")
