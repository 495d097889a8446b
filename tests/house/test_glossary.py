"""The glossary: its files exist, its terms are in order, and the pages that newcomers read first lead to it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "glossary.md"
ROWS = re.findall(
    r"^\| (?!---|term )(.+?) \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
)


def test_every_file_named_there_exists() -> None:
    assert len(ROWS) > 50
    assert [where for _, _, where, _ in ROWS if not (ROOT / where).is_file()] == []


def test_terms_are_in_order_and_there_once() -> None:
    terms = [term.lower() for term, *_ in ROWS]
    assert terms == sorted(set(terms))


def test_pages_for_newcomers_link_it() -> None:
    for name in ("docs/ARCHITECTURE.md", "CONTRIBUTING.md"):
        assert "glossary.md)" in (ROOT / name).read_text(encoding="utf-8"), name


def test_templates_and_sources_that_pages_name_exist() -> None:
    """As ``family/name.c.j2`` below kernels/, or as a path from the top of the repository."""
    missing = []
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"`([a-z0-9_]+(?:/[a-z0-9_]+)*/[a-z0-9_]+(?:\.c)?\.j2)`", text):
            if not (ROOT / "rules/mgecc/kernels" / name).is_file() and page.name != "new-operator.md":
                missing.append((page.name, name))
        for name in re.findall(r"`((?:rules/mgecc|runtime|tests|docs)/[\w./-]+\.\w+)`", text):
            if not (ROOT / name).exists() and not page.name.startswith("new-"):
                missing.append((page.name, name))
    assert missing == []
