"""Somebody else's firmware tree builds, and runs under QEMU with the output it should have."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from mgecc.toolrun.emulators import find_emulator
from printed import printed

ROOT = Path(__file__).resolve().parents[2]


def scons(folder: Path, *words: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return printed([sys.executable, "-m", "SCons", f"mgecc={ROOT}", *words], folder, environment)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ignored = shutil.ignore_patterns("build", ".sconsign*", "__pycache__")
    return Path(
        shutil.copytree(
            ROOT / "examples" / "monorepo",
            tmp_path_factory.mktemp("example") / "firmware tree",
            ignore=ignored,
        )
    )


def test_two_boards_three_models_and_an_application(tree: Path) -> None:
    scons(tree, "-j2")
    images = sorted(
        p.relative_to(tree / "build").as_posix()
        for p in (tree / "build").rglob("sorter-*.*")
        if p.suffix not in (".ld", ".reads")
    )
    assert images == [
        *(f"controller/sorter-controller/sorter-controller.{kind}" for kind in ("bin", "elf", "hex", "map")),
        *(f"gateway/sorter-gateway/sorter-gateway.{kind}" for kind in ("elf", "map")),
    ]
    assert (tree / "build/gateway/blazeface/libblazeface.a").is_file()
    assert not (tree / "build/controller/blazeface").exists()
    assert [line for line in scons(tree).splitlines() if line.startswith("  ")] == []


def test_the_application_runs_on_both_boards(tree: Path) -> None:
    for emulator in ("qemu-system-arm", "qemu-aarch64-static"):
        find_emulator(emulator)
    said = scons(tree, "check-controller", "check-gateway", "check-controller-digits")
    parcels = (tree / "expected" / "controller.txt").read_text()
    want = (tree / "expected" / "gateway.txt").read_text()
    assert said.count(parcels) == 2 and said.count(want) == 1 and "64/64" in said
    assert "TEST" not in scons(tree, "check-controller", "check-gateway")
    wrong = want.replace("parcel 3: small 9", "parcel 3: small 8")
    (tree / "expected" / "gateway.txt").write_text(wrong)
    with pytest.raises(AssertionError, match="this is not what .*gateway.txt has"):
        scons(tree, "check-gateway")
