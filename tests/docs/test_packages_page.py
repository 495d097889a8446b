"""The page about packages is true: its commands run, its table has all forms, its limit is the compiler's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mgecc.emit import ARRAY_LIMIT
from mgecc.package.backend import backend_names

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "packages.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def in_shell(commands: str, folder: Path) -> str:
    """Run commands of the page beside the models of this repository, with its mgecc."""
    if not (folder / "models").exists():
        (folder / "models").symlink_to(ROOT / "models")
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "mgecc").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mgecc "$@"\n')
    (tools / "mgecc").chmod(0o755)
    surroundings = {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "rules")}
    done = subprocess.run(
        ["sh", "-eux", "-c", commands],
        cwd=folder,
        env=os.environ | surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_table_has_all_forms_and_the_limit_is_right() -> None:
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == backend_names()
    assert f"more than {ARRAY_LIMIT >> 20} MiB have no array" in " ".join(PAGE.split())


@pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs gcc-arm-none-eabi")
def test_the_commands_for_c_files_run(tmp_path: Path) -> None:
    in_shell(blocks("sh")[0], tmp_path)
    assert (tmp_path / "out" / "digits" / "libdigits.a").is_file()
