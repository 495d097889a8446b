"""Generated C breaks no rules of MISRA C:2012 but those that docs/generated-code.md names, with reasons."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from mgecc.compiler import compile_model
from mgecc.config import ModelConfig
from mgecc.toolrun.emulators import EmulatorMissing
from mgecc.toolrun.products import read_any
from mgecc.toolrun.sources import include_folder

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "generated-code.md"
_RULE = re.compile(r"\[misra-c2012-([0-9.]+)\]")


def deviations() -> set[str]:
    """The rules in the page's table."""
    return set(re.findall(r"^\| ([0-9]+\.[0-9]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def broken(model: str, target: str, folder: Path) -> set[str]:
    """The rules that cppcheck finds broken in the kernels of a model."""
    if not shutil.which("cppcheck"):
        raise EmulatorMissing("cppcheck is not installed: apt-get install cppcheck")
    config = read_any(ROOT / "models" / model / "model.yaml")
    assert isinstance(config, ModelConfig)
    for name, data in compile_model(config, target).files.items():
        (folder / name).write_bytes(data)
    words = ["cppcheck", "--addon=misra", "--std=c99", "--suppress=missingIncludeSystem", "-D__GNUC__=12"]
    words += [f"-I{include_folder()}", f"-I{folder}", str(folder / f"{model}_kernels.c")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=folder)
    return set(_RULE.findall(done.stderr))


@pytest.mark.parametrize(
    ("model", "target"),
    [("digits_int8", "cortex-m4f"), ("digits_int8", "cortex-m0"), ("digits", "baremetal")],
)
def test_kernels_break_the_rules_that_are_told_alone(model: str, target: str, tmp_path: Path) -> None:
    found = broken(model, target, tmp_path)
    assert found, "the tool has looked at nothing"
    assert found <= deviations(), f"docs/generated-code.md does not tell of {sorted(found - deviations())}"
