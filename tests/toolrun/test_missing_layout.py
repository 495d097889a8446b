"""A compilation without the program that lays out C says what to install."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from mgecc.errors import InputError
from mgecc.toolrun.products import read_any, readable_products

ROOT = Path(__file__).resolve().parents[2]


def test_a_missing_program_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match=r"pip install clang-format$") as error:
        readable_products(read_any(ROOT / "models" / "digits_int8" / "model.yaml"), "cortex-m4f")
    assert "\n" not in str(error.value)
