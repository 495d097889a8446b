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
# Errors by default since GCC 14.
STRICT_C = [
    f"-Werror={name}"
    for name in (
        "implicit-function-declaration",
        "implicit-int",
        "int-conversion",
        "incompatible-pointer-types",
    )
]
MAIN = """
{snippet}
#include <stdio.h>
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


def test_every_page_is_linked() -> None:
    pages = [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))]
    assert [page for page in pages if f"]({page})" not in README] == []


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the rules of the README have built a program around its C."""
    tmp_path = tmp_path_factory.mktemp("readme")
    (tmp_path / "main.c").write_text(MAIN.format(snippet=block("c")))
    rules = block("python").replace("third_party/mgecc", str(ROOT)).replace("arm64", "x86_64")
    rules = rules.replace("models/mobilenet", str(ROOT / "models" / "mobilenet"))
    (tmp_path / "SConstruct").write_text(f"env = Environment(tools=['gcc', 'gnulink'])\n{rules}")
    done = subprocess.run(
        [sys.executable, "-m", "SCons", "-Q"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return tmp_path


@pytest.mark.skipif(platform.machine() != "x86_64", reason="runs the program on the build host")
def test_the_code_builds_and_runs(built: Path) -> None:
    ran = subprocess.run([str(built / "firmware")], capture_output=True, text=True, check=True)
    assert float(ran.stdout) == float(ran.stdout)


@pytest.mark.parametrize("language", ["-std=c99", "-std=c17", "-xc++ -std=c++11", "-xc++ -std=c++20"])
def test_the_code_compiles_as_it_stands_as_c_and_as_cpp(language: str, built: Path, tmp_path: Path) -> None:
    """With what GCC 14 refuses in C; nothing is included but what the README says, from nowhere but the products."""
    (tmp_path / "main.c").write_text(block("c"))
    strict = [] if "c++" in language else STRICT_C
    include = f"-I{built}/build/x86_64/mobilenet"
    command = [
        "gcc",
        *language.split(),
        *strict,
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-fsyntax-only",
    ]
    subprocess.run([*command, include, "main.c"], cwd=tmp_path, check=True)


def test_the_code_looks_at_every_status() -> None:
    calls = re.findall(r"^.*\bmobilenet_(?:open|run)\(.*$", block("c"), re.MULTILINE)
    assert len(calls) == 2 and all("!= MGECC_OK" in call for call in calls)


def test_figures_of_microcontrollers_are_the_committed_ones() -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from bench import committed
    from figures import cores_table

    table = cores_table(committed())
    assert table.count("MACs") >= 3 and f"<!-- cores -->\n{table}<!-- end of cores -->" in README


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
