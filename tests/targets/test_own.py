"""Targets described in a file of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from mgecc.targets import TargetError, load_target, load_toolchain

BOARD = """
base: baremetal
cpu: cortex-m7
boards:
  - {machine: mps2-an500, flash: [0, 0x400000], ram: [0x20000000, 4096]}
"""


def own(tmp_path: Path, text: str, name: str = "mine.yaml") -> str:
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


def test_a_file_inherits_from_its_base(tmp_path: Path) -> None:
    target, base = load_target(own(tmp_path, BOARD)), load_target("baremetal")
    assert target.name == "mine" and target.isa == base.isa and target.emulator == base.emulator
    assert "-mcpu=cortex-m7" in target.cflags and [b["machine"] for b in target.boards] == ["mps2-an500"]
    assert load_target(target.spec) == target
    assert "-mcpu=cortex-m7" in load_toolchain("zig", target).flags_for("size")


def test_a_cache_of_another_size_is_a_line(tmp_path: Path) -> None:
    assert load_target(own(tmp_path, "base: arm64\ncache: 262144\n")).cache == 262144
    assert load_target(own(tmp_path, "base: baremetal\ncpu: cortex-m7\ncache: 16384\n")).cache == 16384


def test_features_and_processors_of_the_base_are_there(tmp_path: Path) -> None:
    path = own(tmp_path, "base: arm64\n")
    assert load_target(f"{path}+dot").name == "mine+dot"
    assert load_target(f"{path}+dot").spec == f"{path}+dot"
    assert "-march=x86-64-v4" in load_target(own(tmp_path, "base: x86_64\n"), "v4").cflags


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("isa: scalar\n", "needs 'base:'"),
        ("base: bearmetal\n", "did you mean baremetal"),
        ("base: arm64v7\n", "unknown base"),
        ("base: baremetal\nlane: 4\n", "unknown key 'lane'"),
        ("base: baremetal\nlanes: four\n", "lanes must be of the kind int"),
        ("base: baremetal\ncpu: z80\n", "unknown cpu 'z80'"),
        ("base: baremetal\ncflags: [1]\n", "list of words"),
        ("base: baremetal\nboards: [{flash: [0, 1]}]\n", "needs flash and ram"),
        ("base: baremetal\nboards: [{flash: [0, 1], ram: [0, -1]}]\n", "ram of a board cannot be"),
        ("base: baremetal\npath: x\n", "unknown key 'path'"),
        ("- 1\n", "not a description"),
        ("base: [\n", "mine.yaml"),
        ("#" * 70000, "not a description"),
    ],
)
def test_mistakes_are_one_line_with_the_path(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(TargetError) as caught:
        load_target(own(tmp_path, text))
    assert why in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_takes_a_name_that_is(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="No such file"):
        load_target(str(tmp_path / "none.yaml"))
    with pytest.raises(TargetError, match="arm64 is the name of a target there is"):
        load_target(own(tmp_path, "base: arm64\n", "arm64.yaml"))
