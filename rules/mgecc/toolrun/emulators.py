"""The emulators that run what the host cannot, and how a machine gets them."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping

from mgecc.errors import Reported
from mgecc.targets import Target, load_target, target_names
from mgecc.targets.host import host_flags

PACKAGES = {
    "qemu-x86_64-static": "qemu-user-static",
    "qemu-aarch64-static": "qemu-user-static",
    "qemu-arm-static": "qemu-user-static",
    "qemu-system-arm": "qemu-system-arm",
}


class EmulatorMissing(Reported):
    """A program that runs the target's code is not installed; ``str`` is one line with the command that installs it."""


def find_emulator(program: str) -> str:
    """Path of an emulator; raises EmulatorMissing."""
    path = shutil.which(program)
    if path is None:
        package = PACKAGES.get(program, program)
        raise EmulatorMissing(f"{program} is not installed: apt-get install {package}")
    return path


def launcher(target: Target) -> list[str]:
    """What stands before a program of a target with a system: its emulator, or nothing where the host can run it.

    Raises EmulatorMissing, also for a host processor that lacks instructions of the target.
    """
    if target.emulator:
        return [find_emulator(target.emulator[0]), *target.emulator[1:]]
    if platform.machine() not in (target.machine, "AMD64"):
        return [find_emulator(f"qemu-{target.machine}-static"), "-cpu", "max"]
    lacking = sorted(set(target.host_flags) - _host_flags())
    if lacking:
        which = f"{target.name} with cpu {target.cpu}" if target.cpu else target.name
        raise EmulatorMissing(f"this machine cannot run {which}: its processor has no {', '.join(lacking)}")
    return []


def _host_flags() -> frozenset[str]:
    """Features of the host's processor; those of all processors in the list of a target if they cannot be told."""
    found = host_flags()
    if found is None:
        return frozenset(flag for name in target_names() for flag in load_target(name).host_flags)
    return found


def missing_packages(more: Mapping[str, str] | None = None) -> list[str]:
    """Debian packages with the emulators of all targets that are not here; ``more``: other programs -> packages."""
    programs = {load_target(name).emulator[0] for name in target_names() if load_target(name).emulator}
    wanted = {program: PACKAGES.get(program, program) for program in programs} | dict(more or {})
    return sorted({package for program, package in wanted.items() if not _is_installed(program)})


def _is_installed(program: str) -> bool:
    return bool(shutil.which(program) or shutil.which(program, path="/usr/sbin"))


def install_emulators(more: Mapping[str, str] | None = None) -> None:
    """Install what is missing where that is possible (root, apt); else say how to, in one line."""
    packages = missing_packages(more)
    if not packages:
        return
    command = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if os.geteuid() == 0 and shutil.which("apt-get") and _install(command, more):
        return
    sys.stdout.write(f"tests that need these programs are skipped; to run them: sudo {command}\n")
    sys.stdout.flush()


def _install(command: str, more: Mapping[str, str] | None) -> bool:
    sys.stdout.write(f"installing what tests need: {command}\n")
    sys.stdout.flush()
    # In run level 1 Debian installs servers without starting them.
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for step in ("apt-get -qq update", command.replace("apt-get", "apt-get -qq", 1)):
        done = subprocess.run(step.split(), env=environment, stdout=subprocess.DEVNULL, check=False)
    return done.returncode == 0 and not missing_packages(more)
