"""The C texts of this folder's templates, filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mgecc.kernels.render import templates

_FOLDER = Path(__file__).parent


def fill(template: str, **names: Any) -> str:
    return templates(_FOLDER).get_template(template).render(**names)


def fill_text(template: str, **names: Any) -> str:
    """Like ``fill`` for the text of a template that lies elsewhere."""
    return templates(_FOLDER).from_string(template).render(**names)
