"""The pages about packages and CMake are true: their commands run, their tables are complete."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from mgecc.emit import ARRAY_LIMIT
from mgecc.package.backend import backend_names
from printed import printed

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "packages.md").read_text(encoding="utf-8")
CMAKE = (ROOT / "docs" / "cmake.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def in_shell(commands: str, folder: Path) -> str:
    """Run commands of the page beside the models of this repository, with its mgecc."""
    if not (folder / "models").exists():
        (folder / "models").symlink_to(ROOT / "models")
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "mgecc").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mgecc "$@"\n')
    (tools / "mgecc").chmod(0o755)
    surroundings = {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "rules")}
    return printed(["sh", "-eux", "-c", commands], folder, os.environ | surroundings)


def test_the_table_has_all_forms_and_the_limit_is_right() -> None:
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == backend_names()
    assert f"more than {ARRAY_LIMIT >> 20} MiB have no array" in " ".join(PAGE.split())


@pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs gcc-arm-none-eabi")
def test_the_commands_for_c_files_run(tmp_path: Path) -> None:
    in_shell(blocks("sh")[0], tmp_path)
    assert (tmp_path / "out" / "digits" / "libdigits.a").is_file()


@pytest.mark.skipif(
    not all(map(shutil.which, ("cmake", "ninja", "gcc"))), reason="needs cmake, ninja-build, gcc"
)
def test_the_project_of_the_page_about_cmake_is_built(tmp_path: Path) -> None:
    (tmp_path / "digits").symlink_to(ROOT / "models" / "digits")
    (tmp_path / "main.c").write_text(
        '#include "digits.h"\nint main(void) { return digits_open(0, 0, 0) == MGECC_OK; }\n'
    )
    (tmp_path / "CMakeLists.txt").write_text(blocks("cmake", CMAKE)[0].replace("cortex-m4f", "cortex-m0"))
    in_shell(blocks("sh", CMAKE)[0].replace(" -G", f" -DMGECC_PYTHON={sys.executable} -G"), tmp_path)
    assert (tmp_path / "build" / "firmware").is_file()


def test_the_page_about_cmake_has_all_arguments() -> None:
    functions = (ROOT / "rules" / "cmake" / "mgeccConfig.cmake").read_text(encoding="utf-8")
    taken = re.search(r'PARSE_ARGV 1 MODEL "(.*?)" "(.*?)" "(.*?)"\)', functions)
    assert taken is not None
    assert all(f"`{word}" in CMAKE or f"`{word} " in CMAKE for word in ";".join(taken.groups()).split(";"))
