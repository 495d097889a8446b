"""Builds that were killed, that meet each other, that find their memory damaged or the disk full."""

from __future__ import annotations

import os
import pickle
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from .conftest import Checkout, steps_in

ALL = ["target=arm64,baremetal", "model=all", "-j2"]
KILLS = int(os.environ.get("MGECC_KILLS", "6"))


def products(root: Path) -> dict[str, bytes]:
    folders = [path for path in (root / "build").iterdir() if not path.name.startswith(".")]
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files if path.suffix != ".partial"}


def start(checkout: Checkout, *args: str) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MGECC_LOCKS")}
    return subprocess.Popen(
        [sys.executable, "-m", "SCons", *args],
        cwd=checkout.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill_after(build: subprocess.Popen[str], seconds: float) -> list[str]:
    """End the build and its compilers at some moment; the steps it had shown."""
    time.sleep(seconds)
    try:
        os.killpg(build.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    return steps_in(build.communicate()[0])


def test_after_a_kill_the_next_build_is_right_and_repeats_only_what_ran(checkout: Checkout) -> None:
    for name in ("third", "fourth"):
        checkout.add_model(name, f"layer {name}")
    begun = time.monotonic()
    checkout.scons(*ALL)
    longest = time.monotonic() - begun
    wanted = products(checkout.root)
    choose = random.Random(5)
    for _ in range(KILLS):
        subprocess.run(["rm", "-rf", os.fspath(checkout.root / "build")], check=True)
        shown = kill_after(start(checkout, *ALL), choose.uniform(0.2, 0.9) * longest)
        said = checkout.scons(*ALL)
        again = [step for step in steps_in(said) if step in shown and step.split()[0] in ("MGE", "CC")]
        assert len(again) <= 2, (shown, said)
        assert products(checkout.root) == wanted
        assert not list((checkout.root / "build").glob("[a-z]*/**/*.partial"))


def test_a_second_build_waits_and_says_for_whom(checkout: Checkout) -> None:
    checkout.add_model("first", "slow")
    build = start(checkout, "target=arm64", "model=first")
    lock = checkout.root / "build" / ".lock"
    while not (lock.is_file() and lock.read_text()):
        time.sleep(0.02)
    said = checkout.scons("target=arm64", "model=first")
    assert f"waiting for the build in this tree by process {build.pid}: scons target=arm64" in said
    assert steps_in(said) == []
    assert build.communicate()[0] and build.returncode == 0


@pytest.mark.parametrize("damage", ["flip", "truncate", "garbage", "empty"])
def test_a_damaged_memory_costs_a_rebuild_and_a_warning(checkout: Checkout, damage: str) -> None:
    build = ["target=arm64", "model=first"]
    checkout.scons(*build)
    wanted = products(checkout.root)
    path = checkout.root / "build" / ".sconsign-arm64"
    data = path.read_bytes()
    changed = {
        "flip": data[:400] + bytes([data[400] ^ 4]) + data[401:],
        "truncate": data[: len(data) // 2],
        "garbage": b"\x80\x04" * 500,
        "empty": b"",
    }
    path.write_bytes(changed[damage])
    said = checkout.scons(*build)
    assert (
        "build/.sconsign-arm64 is damaged; what it spoke of is built anew" in said and "Traceback" not in said
    )
    assert products(checkout.root) == wanted
    assert checkout.steps(*build) == []


def test_a_memory_from_elsewhere_runs_no_code(checkout: Checkout) -> None:
    build = ["target=arm64", "model=first"]
    checkout.scons(*build)
    path, trap = checkout.root / "build" / ".sconsign-arm64", checkout.root / "trap"

    class Trap:
        def __reduce__(self) -> tuple:
            return os.mkdir, (os.fspath(trap),)

    good = pickle.loads(path.read_bytes()[32:])
    folder = "build/arm64/first"
    for entries in (
        Trap(),
        {**good, folder: pickle.dumps(Trap())},
        {**good, folder: pickle.dumps({"x": Trap()})},
    ):
        data = pickle.dumps(entries)
        path.write_bytes(sha256(data).digest() + data)
        assert "build/.sconsign-arm64 is damaged" in checkout.scons(*build)
        assert not trap.exists()
    assert checkout.steps(*build) == []


def test_a_product_edited_by_hand_is_noticed(checkout: Checkout) -> None:
    build = ["target=arm64", "model=first"]
    assert "first_kernels.c: not built" in checkout.scons("verify-outputs", *build, status=1)
    checkout.scons(*build)
    assert "1 libraries are as they were built" in checkout.scons("verify-outputs", *build)
    folder = checkout.root / "build" / "arm64" / "first"
    (folder / "first_kernels.c").write_text("int x;\n")
    (folder / "first.h").unlink()
    said = checkout.scons("verify-outputs", *build, status=1)
    lines = [line for line in said.splitlines() if line.startswith("build/")]
    assert lines == [
        "build/arm64/first/first.h: missing",
        "build/arm64/first/first_kernels.c: changed since it was made",
    ]


def test_every_product_is_checked_where_none_is_named(checkout: Checkout) -> None:
    checkout.scons("target=arm64,baremetal", "model=first")
    checkout.scons("release", "target=arm64", "model=first")
    said = checkout.scons("-Q", "verify-outputs")
    assert int(said.split()[0]) > 15 and "products are as they were built" in said
    for name in ("release/first-arm64.tar", "baremetal/first/libfirst.a"):
        (checkout.root / "build" / name).write_bytes(b"edited")
    assert checkout.scons("-Q", "verify-outputs", status=1).splitlines()[:-1] == [
        "build/baremetal/first/libfirst.a: changed since it was made",
        "build/release/first-arm64.tar: changed since it was made",
    ]


@pytest.fixture
def small_disk(checkout: Checkout) -> Iterator[Path]:
    """The tree's build folder, with room for little."""
    folder = checkout.root / "build"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", os.fspath(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", os.fspath(folder)], check=True)


@pytest.mark.parametrize("room", [4, 40])
def test_a_full_disk_costs_one_line_and_leaves_nothing_half_written(
    checkout: Checkout, small_disk: Path, room: int
) -> None:
    build = ["target=arm64", "model=first", "cache_mode=off", "-j1"]
    (small_disk / "filler").write_bytes(b"0" * ((1024 - room) * 1024))
    said = checkout.scons(*build, status=3)
    assert "Traceback" not in said
    assert len(re.findall("No space left on device", said)) == 1
    assert not list(small_disk.rglob("*.partial"))
    (small_disk / "filler").unlink()
    checkout.scons(*build)
    assert "as they were built" in checkout.scons("verify-outputs", *build)
