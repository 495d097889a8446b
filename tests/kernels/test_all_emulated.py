"""What declared tests run on this machine, once more on Arm and on a Cortex-M: all cases of a file together."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from cases import Declared, run_as_program
from mgecc.targets import load_target

_FILES = sorted(Path(__file__).parent.glob("test_*.py"))


def _is_run_here(text: str) -> bool:
    """Whether a file declares tests, and does not run them as programs by itself."""
    return bool(re.search(r"^@on", text, re.MULTILINE)) and "run_as_program" not in text


MODULES = [path.stem for path in _FILES if _is_run_here(path.read_text(encoding="utf-8"))]


def declared(module: str) -> list[Declared]:
    """The declared tests of a file."""
    tests = vars(importlib.import_module(module)).values()
    return [test.declared for test in tests if isinstance(getattr(test, "declared", None), Declared)]


@pytest.mark.parametrize("target_name", ["arm64", "armv7", "baremetal", "cortex-m55"])
@pytest.mark.parametrize("module_name", MODULES)
def test_every_case_gives_its_meaning_on_emulated_targets(module_name: str, target_name: str) -> None:
    target = load_target(target_name)
    cases = [case for test in declared(module_name) for case in test.cases(target)]
    assert len(cases) >= 20
    run_as_program(cases, target_name)
