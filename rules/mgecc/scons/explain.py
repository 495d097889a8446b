"""Why a step runs, in a sentence, from what SCons remembers of the last time."""

from __future__ import annotations

import os
from typing import Any

from SCons.Node import _decider_map

_MOST = 3


def explain(target: list[Any]) -> str:
    """One sentence: what is made, and what is new since it was made before."""
    name = os.path.basename(str(target[0]))
    missing = [os.path.basename(str(node)) for node in target if not node.exists()]
    before = _before(target[0])
    if before is None:
        return f"{name} is made because there is no record that it was made before"
    reasons = [*_changed_inputs(target[0], before), *_changed_command(target[0], before)]
    if not reasons and missing:
        reasons = [f"{_listed(missing)} is not there"]
    return f"{name} is made anew because {'; '.join(reasons) or 'the order of what it depends on changed'}"


def _before(node: Any) -> Any:
    """What is recorded of the last time, with lists ``kids`` and ``kidsigs``; None if nothing is."""
    stored = node.get_stored_info()
    info = getattr(stored, "binfo", None)
    if info is None or not hasattr(info, "bsources"):
        return None
    info.prepare_dependencies()
    return info


def _changed_inputs(node: Any, before: Any) -> list[str]:
    # By their names: in a variant folder without copies, a source now is another node than the one in the record.
    kids = [*before.bsources, *before.bdepends, *before.bimplicit]
    signatures = dict(zip(map(str, kids), before.bsourcesigs + before.bdependsigs + before.bimplicitsigs))
    now = node.children()
    changed = []
    for kid in now:
        if str(kid) not in signatures:
            changed.append(f"{_shown(kid)} (new)")
        elif _decider_map[kid.changed_since_last_build](kid, node, signatures[str(kid)], None):
            changed += _details(kid)
    present = set(map(str, now))
    gone = [f"{_shown(kid)} (gone)" for kid in kids if str(kid) not in present]
    return [f"{_listed([*changed, *gone])} changed"] if changed or gone else []


def _details(kid: Any) -> list[str]:
    record = getattr(kid.attributes, "mge_record", None)
    return record.changes() if record else [_shown(kid)]


def _shown(kid: Any) -> str:
    return os.path.basename(str(kid)) if hasattr(kid, "dir") else str(kid)


def _changed_command(node: Any, before: Any) -> list[str]:
    """Words that the step's command has gained and lost."""
    old, new = str(before.bact).split(), str(node.get_binfo().bact).split()
    gained = [word for word in new if word not in old]
    lost = [word for word in old if word not in new]
    parts = [f"with {' '.join(gained)}"] if gained else []
    parts += [f"without {' '.join(lost)}"] if lost else []
    if not parts and old != new:
        parts = ["in another order"]
    return [f"its command is now {' and '.join(parts)}"] if parts else []


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {more} more" if more > 0 else "")
