"""One arena for models that run one after the other, as C: its size, and what must not share it."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.emit.naming import model_prefix
from mgecc.emit.templates import fill


def shared_arena(name: str, models: Sequence[str], section: str = "") -> dict[str, str]:
    """Header and C file of the arena of a program called ``name``, by their names. The models' own headers say how
    large it is, and give an error where one keeps something in it between its runs. ``section``: where it lies."""
    prefix = model_prefix(name)
    rows = [{"name": model, "upper": model_prefix(model).upper()} for model in models]
    names = {"name": name, "prefix": prefix, "upper": prefix.upper(), "section": section}
    return {
        f"{name}_arena.h": fill("arena.h.j2", models=rows, **names),
        f"{name}_arena.c": fill("arena.c.j2", **names),
    }
