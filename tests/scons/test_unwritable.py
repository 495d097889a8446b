"""A build that may not write where it must ends with one line that names the place."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Checkout

ONE = ["target=arm64", "model=first"]
# Root may write anywhere; without its capabilities it is a user like any other.
PLAIN = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


def scons(root: Path, *args: str) -> tuple[int, list[str]]:
    """Status and lines of a build by a plain user."""
    environment = {
        key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MGECC_LOCKS")
    }
    command = [*PLAIN, sys.executable, "-m", "SCons", "-Q", *args]
    done = subprocess.run(
        command,
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def read_only(name: str) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name).chmod(0o555)
        return root / name

    return make


def a_file(name: str) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
        return root / name

    return make


PLACES = {
    "checkout": read_only("."),
    "build": read_only("build"),
    "build that is a file": a_file("build"),
    "lock that is a folder": read_only("build/.lock"),
    "target": read_only("build/arm64"),
    "target that is a file": a_file("build/arm64"),
    "model": read_only("build/arm64/first"),
    "objects that are a file": a_file("build/arm64/first/obj"),
}


@pytest.mark.parametrize("place", PLACES)
def test_where_a_build_may_not_write_it_says_so_in_a_line(checkout: Checkout, place: str) -> None:
    path = PLACES[place](checkout.root)
    try:
        status, lines = scons(checkout.root, *ONE, "-j1")
        helped = scons(checkout.root, "--help")
    finally:
        path.chmod(0o755)
    errors = [line for line in lines if "error: " in line or "***" in line]
    name = "" if path == checkout.root else path.relative_to(checkout.root).as_posix()
    assert status in (2, 3) and not any("Traceback" in line for line in lines), lines
    assert errors and all(name in line for line in errors) and len(errors) <= 2, lines
    assert helped[0] == 0 and "target=" in "".join(helped[1])


@pytest.mark.parametrize("place", ["build", "build that is a file", "lock that is a folder"])
def test_an_sconstruct_of_ones_own_says_so_too(checkout: Checkout, place: str) -> None:
    (checkout.root / "SConstruct").write_text(
        "env = Environment(tools=[])\nenv.Tool('mgecc', toolpath=['site_scons/site_tools'])\nenv.MgeSettings()\n"
    )
    path = PLACES[place](checkout.root)
    try:
        status, lines = scons(checkout.root)
    finally:
        path.chmod(0o755)
    (error,) = [line for line in lines if "***" in line]
    assert status == 2 and "build" in error and any(line.startswith('File "') for line in lines)
    assert not any("Traceback" in line for line in lines)


@pytest.mark.parametrize("name", [".cache", ".sconsign-arm64", ".outputs-arm64.json"])
def test_caches_and_records_that_cannot_be_written_cost_a_warning_only(checkout: Checkout, name: str) -> None:
    path = read_only(f"build/{name}")(checkout.root)
    try:
        status, lines = scons(checkout.root, *ONE)
    finally:
        path.chmod(0o755)
    assert status == 0 and any("mgecc: warning: " in line and "build" in line for line in lines), lines
    assert not any("Traceback" in line for line in lines)
