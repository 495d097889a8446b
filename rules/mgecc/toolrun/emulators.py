"""The emulators that run what the host cannot, and how a machine gets them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from mgecc.targets import load_target, target_names

PACKAGES = {
    "qemu-aarch64-static": "qemu-user-static",
    "qemu-arm-static": "qemu-user-static",
    "qemu-system-arm": "qemu-system-arm",
}


class EmulatorMissing(Exception):
    """A program that runs the target's code is not installed; ``str`` is one line with the command that installs it."""


def find_emulator(program: str) -> str:
    """Path of an emulator; raises EmulatorMissing."""
    path = shutil.which(program)
    if path is None:
        package = PACKAGES.get(program, program)
        raise EmulatorMissing(f"{program} is not installed: apt-get install {package}")
    return path


def missing_packages() -> list[str]:
    """Debian packages with the emulators of all targets that are not here."""
    programs = {load_target(name).emulator[0] for name in target_names() if load_target(name).emulator}
    return sorted({PACKAGES.get(p, p) for p in programs if shutil.which(p) is None})


def install_emulators() -> None:
    """Install what is missing where that is possible (root, apt); else say how to, in one line."""
    packages = missing_packages()
    if not packages:
        return
    command = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if os.geteuid() == 0 and shutil.which("apt-get") and _install(command):
        return
    sys.stdout.write(f"tests that need an emulator are skipped; to run them: sudo {command}\n")
    sys.stdout.flush()


def _install(command: str) -> bool:
    sys.stdout.write(f"installing emulators: {command}\n")
    sys.stdout.flush()
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in ("apt-get -qq update", command.replace("apt-get", "apt-get -qq", 1)):
        done = subprocess.run(step.split(), env=environment, stdout=subprocess.DEVNULL, check=False)
    return done.returncode == 0 and not missing_packages()
