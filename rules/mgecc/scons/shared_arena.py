"""``shared_arena`` of MgeFirmware: one arena for models that run one after the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from SCons.Errors import UserError

from mgecc.scons.actions import SignedAction, step_line
from mgecc.scons.mistakes import nearest
from mgecc.toolrun.process import write_atomically

OPTIONS: dict[str, Any] = {"shared_arena": (), "arena_section": ""}
_SECTION = re.compile(r"\.[\w.]+")


def arena_files(
    env: Any, name: str, label: str, folder: str, models: Sequence[str], section: str
) -> list[Any]:
    """Nodes of the header and the C file of the arena of ``models``."""

    def write(target: list[Any], source: list[Any], env: Any) -> int:
        from mgecc.emit.shared_arena import shared_arena  # loads NumPy, which null builds do without

        for node, text in zip(target, shared_arena(name, models, section).values(), strict=True):
            write_atomically(Path(str(node)), text.encode())
        return 0

    action = SignedAction(
        write, f"ARENA 1 {name} {section} {' '.join(models)}", step_line("GEN", label, f"{name}_arena.h")
    )
    return list(env.Command([f"{folder}/{name}_arena.{suffix}" for suffix in "hc"], [], action))


def chosen_models(asked: Any, section: str, known: Sequence[str]) -> list[str]:
    """The models that share an arena: those that ``asked`` names, all if it is True. Raises UserError."""
    names = list(known) if asked is True else [str(name) for name in asked or ()]
    for name in names:
        _check_name(name, known)
    if len(names) == 1 or len(set(names)) < len(names):
        raise UserError("MgeFirmware: shared_arena needs several models, each once")
    if section and not (names and _SECTION.fullmatch(section)):
        raise UserError(
            f"MgeFirmware: arena_section={section!r} needs shared_arena, and a name such as '.bss.dtcm'"
        )
    return names


def _check_name(name: str, known: Sequence[str]) -> None:
    if name not in known:
        names = f"{nearest(name, known)}known: {', '.join(known)}"
        raise UserError(f"MgeFirmware: shared_arena has no model {name!r}; {names}")
