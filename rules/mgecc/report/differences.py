"""What grew and what shrank between two reports: totals, layers by name, kernels by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Amounts = Mapping[str, int]


@dataclass(frozen=True)
class Difference:
    """One amount in both reports. ``kind``: total, layer or kernel; None stands for what only the other one has."""

    kind: str
    name: str
    what: str
    old: int | None
    new: int | None

    @property
    def growth(self) -> int:
        return (self.new or 0) - (self.old or 0)


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], old_code: Mapping[str, Any], new_code: Mapping[str, Any]
) -> list[Difference]:
    """All amounts that differ, the largest growth of each kind and unit first. Both reports: of one kernel set.

    ``old_code``, ``new_code``: what was measured in the libraries, or nothing.
    """
    found = _compare("total", _totals(old, old_code), _totals(new, new_code))
    found += _compare("layer", _layers(old), _layers(new))
    if old_code and new_code:
        found += _compare("kernel", _kernels(old_code), _kernels(new_code))
    return found


def _compare(
    kind: str, old: Mapping[tuple[str, str], int], new: Mapping[tuple[str, str], int]
) -> list[Difference]:
    keys = dict.fromkeys((*old, *new))
    rows = [Difference(kind, *key, old.get(key), new.get(key)) for key in keys]
    order = list(dict.fromkeys(row.what for row in rows))
    changed = (row for row in rows if row.old != row.new)
    return sorted(changed, key=lambda row: (order.index(row.what), -abs(row.growth)))


def _totals(report: Mapping[str, Any], code: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    amounts = {
        "arena bytes": report["arena"],
        "weight bytes": report["weights"],
        "multiply-adds": report["macs"],
        "estimated instructions": sum(step["instructions"] for step in report["steps"]),
        "kernel calls": len(report["layers"]),
    }
    if code:
        amounts["kernel code bytes"] = sum(code["kernels"].values())
        amounts["runtime bytes"] = code["runtime"]
        amounts["static bytes"] = code["static"]
    return {("", what): amount for what, amount in amounts.items()}


def _layers(report: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """Amounts of layers; steps of one name are one layer."""
    sums: dict[tuple[str, str], int] = {}
    for step in report["steps"]:
        for what, key in (("instructions", "instructions"), ("weight bytes", "weights")):
            place = (step["layer"], what)
            sums[place] = sums.get(place, 0) + step[key]
        place = (step["layer"], "scratch bytes")
        sums[place] = max(sums.get(place, 0), step["scratch"])
    return sums


def _kernels(code: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    return {(name, "code bytes"): size for name, size in code["kernels"].items()}


def text_lines(found: Iterable[Difference]) -> list[str]:
    """The differences as lines to read, aligned."""
    rows = [
        (row.kind, row.name, row.what, _shown(row.old), _shown(row.new), f"{row.growth:+,}") for row in found
    ]
    if not rows:
        return ["no difference"]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join(
            cell.ljust(width) if k < 3 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def _shown(amount: int | None) -> str:
    return "-" if amount is None else f"{amount:,}"
