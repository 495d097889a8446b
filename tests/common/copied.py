"""Copies of this checkout's folders, for tests that change them."""

from __future__ import annotations

import compileall
import shutil
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def copy_folders(root: Path, *names: str) -> None:
    """Copy folders of this checkout into ``root``, with their modules compiled.

    Each of the many processes that run in a copy would compile them again where Python may not write (a tenth of the
    time of such tests). Copies keep the times of their files, by which Python knows what it has compiled.
    """
    _compile_modules()
    for name in names:
        shutil.copytree(ROOT / name, root / name)


@cache
def _compile_modules() -> None:
    compileall.compile_dir(ROOT / "rules", quiet=2)
