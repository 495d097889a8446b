"""The program of docs/profiling.md prints one line for each layer of the report."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_call_indices_are_positions_in_the_report(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "profiling.md").read_text(encoding="utf-8")
    found = re.search(r"```c\n(.*?)```", page, re.DOTALL)
    assert found is not None
    (tmp_path / "main.c").write_text(found[1])
    model = ROOT / "models" / "digits" / "model.yaml"
    for words in (
        [
            sys.executable,
            "-m",
            "mgecc.cli",
            "compile",
            model,
            "--target",
            "x86_64",
            "--cpu",
            "v2",
            "--out",
            "out",
        ],
        ["gcc", "-Wall", "-Wextra", "-Werror", "main.c", "-Iout", "out/libdigits.a", "-o", "main"],
    ):
        subprocess.run(
            words, cwd=tmp_path, check=True, env={"PYTHONPATH": str(ROOT / "rules"), "PATH": "/usr/bin:/bin"}
        )
    said = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    layers = json.loads((tmp_path / "out" / "report.json").read_text())["layers"]
    assert [int(line.split()[0]) for line in said.splitlines()] == list(range(len(layers)))
