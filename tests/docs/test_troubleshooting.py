"""The messages that docs/troubleshooting.md explains are those that the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
# What SCons itself says.
OF_SCONS = "scons: `…' is up to date."


def messages() -> list[str]:
    rows = [
        line.split(" | ")[0].removeprefix("| ")
        for line in PAGE.read_text().splitlines()
        if line.startswith("| `")
    ]
    return [row[1:-1] for row in rows]


def code() -> str:
    """All texts of the code, with literals that were broken in two joined, and without what is filled in."""
    files = sorted((ROOT / "rules").rglob("*.py"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    python = re.sub(r"\{[^{}]*\}", "…", re.sub(r'"\s*\n\s*f?"', "", text))
    return python + re.sub(r"\$\w+", "…", (ROOT / "sconsw").read_text(encoding="utf-8"))


def test_the_page_has_messages() -> None:
    assert len(messages()) > 20


@pytest.mark.parametrize("message", [text for text in messages() if text != OF_SCONS])
def test_a_message_that_is_explained_is_one_of_the_code(message: str) -> None:
    pieces = [piece for piece in re.split(r" ?… ?", message) if piece]
    text = code()
    assert all(piece in text for piece in pieces), [piece for piece in pieces if piece not in text]
