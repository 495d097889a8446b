"""Walks through a report: it may be of several models, each with several kernel sets and sets of input shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """What a report says of one model and kernel set. ``member``: position of the kernel set. ``target``: its name
    where there are several, else empty."""

    model: str
    member: int
    target: str
    report: Mapping[str, Any]

    @property
    def sets(self) -> Sequence[Mapping[str, Any]]:
        """What is said of each set of input shapes, which is all of it where there is one."""
        return self.report.get("shape_sets") or [self.report]


def parts(report: Mapping[str, Any]) -> list[Part]:
    """All parts in order: those of the first model, of the second, and so on."""
    found = []
    for model in report.get("models") or [report]:
        members = model.get("members") or [model]
        for member, part in enumerate(members):
            target = part["target"] if len(members) > 1 else ""
            found.append(Part(model["model"], member, target, part))
    return found
