"""A compilation without the program that lays out C says what to install, in every way that compiles."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from mgecc.cli import main
from mgecc.errors import FAILED
from mgecc.request import CompileRequest
from mgecc.worker import compile_request

MODEL = Path(__file__).resolve().parents[2] / "models" / "digits_int8"
WHY = "generated C is laid out by clang-format, which is not installed: pip install clang-format"


@pytest.fixture(autouse=True)
def without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)


def test_a_build_tells_it(tmp_path: Path) -> None:
    config = MODEL / "model.yaml"
    reads = (str(config), str(MODEL / "digits_int8.mge"))
    asked = CompileRequest("digits_int8", "cortex-m4f", folder=str(tmp_path), config=str(config), reads=reads)
    assert compile_request(asked) == {"error": WHY, "status": FAILED}
    assert not list(tmp_path.iterdir())


def test_the_command_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compile", str(MODEL), "--target", "cortex-m4f", "--out", str(tmp_path / "out"), "--no-library"]
    assert main(words) == FAILED
    assert capsys.readouterr().err == f"mgecc: error: {WHY}\n" and not (tmp_path / "out").exists()
