"""The page about the architecture names what there is."""

import re
from pathlib import Path

from mgecc.passes.pipeline import PASSES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_pass_is_there_in_its_order() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \| [A-Z]", PAGE, re.MULTILINE) == [one.name for one in PASSES]


def test_every_folder_of_the_package_is_there() -> None:
    folders = [p.parent.name for p in (ROOT / "rules" / "mgecc").glob("*/__init__.py")]
    assert [name for name in folders if f"`{name}/`" not in PAGE] == []
