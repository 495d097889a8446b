"""What a project of this kind is expected to have, and that it works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import mgecc
import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_the_package_runs_as_a_module_and_says_its_version() -> None:
    environment = {"PYTHONPATH": str(ROOT / "rules")}
    command = [sys.executable, "-m", "mgecc", "--version"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == mgecc.__version__


def test_changes_begin_with_what_is_not_released_or_with_this_version() -> None:
    titles = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert titles[0] in ("Unreleased", mgecc.__version__)


def test_programs_of_hooks_are_those_that_contributors_have() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0][
        "hooks"
    ]
    assert {hook["entry"].split()[0] for hook in hooks} <= {
        f".venv/bin/{name}" for name in ("ruff", "mypy", "clang-format", "python")
    }
    lists = ("requirements.in", "requirements-test.in")
    tools = "".join((ROOT / name).read_text(encoding="utf-8") for name in lists)
    assert all(name in tools for name in ("ruff", "mypy", "clang-format"))


def test_c_is_formatted() -> None:
    files = [str(path) for path in sorted((ROOT / "runtime").rglob("*.[ch]"))]
    words = [str(Path(sys.executable).with_name("clang-format")), "--dry-run", "-Werror", *files]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
