"""A disk that gets full, at whatever step: one line, and nothing half-written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from copied import copy_folders

from .conftest import ROOT, Checkout

FULL = "No space left on device"
BUILD = ["-Q", "release", "target=arm64", "model=digits", "-j2"]


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Checkout]:
    """A model folder, and a build folder that is a small disk of its own."""
    copy_folders(tmp_path, "rules", "site_scons", "runtime")
    shutil.copytree(ROOT / "models" / "digits", tmp_path / "models" / "digits")
    shutil.copy(ROOT / "SConstruct", tmp_path)
    with small_disk(tmp_path / "build"):
        yield Checkout(tmp_path)


class small_disk:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", os.fspath(self._folder)]
        if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small file system needs root")

    def __exit__(self, *_error: object) -> None:
        subprocess.run(["umount", "-l", os.fspath(self._folder)], check=True)


def leave(folder: Path, room: int) -> None:
    """Fill the disk but for ``room`` bytes."""
    state = os.statvfs(folder)
    free = state.f_bavail * state.f_frsize
    (folder / "filler").write_bytes(bytes(free - room))


def used(folder: Path) -> int:
    state = os.statvfs(folder)
    return (state.f_blocks - state.f_bfree) * state.f_frsize


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_a_full_disk_costs_one_line_wherever_it_happens(tree: Checkout) -> None:
    build = tree.root / "build"
    tree.scons(*BUILD)
    most, failed = used(build), set()
    for part in (0.015, 0.15, 0.4, 0.5, 0.65, 0.9):
        empty(build)
        leave(build, int(part * most))
        lines = tree.scons(*BUILD, status=3).splitlines()
        told = [line for line in lines if not line.startswith("  ")]
        assert len(told) == 1 and FULL in told[0], lines
        failed.add(told[0].partition("]")[0].rpartition(".")[2])
        assert not list(build.rglob("*.partial*"))
        (build / "filler").unlink()
        tree.scons(*BUILD)
        assert "as they were built" in tree.scons("-Q", "verify-outputs", *BUILD[2:])
    assert len(failed) >= 4, failed


def test_a_full_disk_for_the_cache_alone_is_told_and_harmless(tree: Checkout) -> None:
    elsewhere = tree.root / "small"
    with small_disk(elsewhere):
        leave(elsewhere, 16 << 10)
        lines = tree.scons(*BUILD, f"cache={elsewhere / 'cache'}").splitlines()
        told = [line for line in lines if not line.startswith("  ")]
        assert len(told) == 1 and told[0].startswith("mgecc: warning: cache ") and FULL in told[0]
    assert (tree.root / "build" / "release" / "digits-arm64.tar").is_file()


@pytest.mark.parametrize("room", [0, 200, 300, 600])
def test_the_command_tells_of_a_full_disk_in_one_line(tree: Checkout, room: int) -> None:
    def compiled(folder: Path) -> subprocess.CompletedProcess[str]:
        words = ["compile", "models/digits/model.yaml", "--target", "arm64", "--out", os.fspath(folder)]
        environment = os.environ | {"PYTHONPATH": "rules"}
        return subprocess.run(
            [sys.executable, "-m", "mgecc.cli", *words],
            cwd=tree.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert compiled(tree.root / "elsewhere").returncode == 0  # from now on objects come from the cache
    leave(tree.root / "build", room << 10)
    done = compiled(tree.root / "build")
    said = done.stderr.splitlines()
    assert done.returncode == 3
    assert len(said) == 1 and said[0].startswith("mgecc: error: ") and FULL in said[0]
