"""What the README says is true: its links lead somewhere, its code builds and runs, its figures are today's."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAIN = """
#include <stdio.h>
#include <string.h>
{snippet}
int main(void)
{{
    static float picture[3 * 224 * 224], scores[1000];
    if (classify(picture, scores)) return 1;
    printf("%f\\n", scores[0]);
    return 0;
}}
"""


def block(language: str) -> str:
    """The first code block in this language."""
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found is not None
    return found[1]


def test_links_lead_to_files() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.skipif(platform.machine() != "x86_64", reason="runs the program on the build host")
def test_the_code_builds_and_runs(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(MAIN.format(snippet=block("c")))
    rules = block("python").replace("third_party/mgecc", str(ROOT)).replace("arm64", "x86_64")
    rules = rules.replace("models/mobilenet", str(ROOT / "models" / "mobilenet"))
    (tmp_path / "SConstruct").write_text(f"env = Environment(tools=['gcc', 'gnulink'])\n{rules}")
    done = subprocess.run(
        [sys.executable, "-m", "SCons", "-Q"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ran = subprocess.run([str(tmp_path / "firmware")], capture_output=True, text=True, check=True)
    assert float(ran.stdout) == float(ran.stdout)


def test_sizes_and_memory_of_the_table_are_those_that_are_built() -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from figures import COLUMNS, KIB, figures
    from mgecc.config import load_config

    config = load_config(ROOT / "models" / "mobilenet" / "model.yaml")
    every = [figures(config, *column, counted=False) for column in COLUMNS]
    for label, cells in {
        "code: kernels and runtime": [f"{f.code / KIB:.1f} KiB" for f in every],
        "the same with `optimize=size`": [f"{f.small / KIB:.1f} KiB" for f in every],
        "arena (its lower bound)": [f"{f.arena / KIB:.0f} ({f.bound / KIB:.0f}) KiB" for f in every],
    }.items():
        assert f"| {label} | {' | '.join(cells)} |" in README, json.dumps({label: cells})
