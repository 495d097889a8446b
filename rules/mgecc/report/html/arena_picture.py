"""The arena as a picture: x is the step, y the address, a box is a buffer from its first to its last step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 1000.0, 320.0
# Boxes that a page can show without getting slow or large; the rest are the smallest.
_MOST_BOXES = 1500


@dataclass(frozen=True)
class Box:
    """A buffer, in units of the picture; ``text`` is what hovering over it tells."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    text: str


@dataclass(frozen=True)
class ArenaPicture:
    """``peak``: left end and width of the step with the most live bytes. ``bound``: height of the lower bound.

    ``hidden``: how many buffers are too small to be shown.
    """

    boxes: list[Box]
    peak: tuple[float, float]
    bound: float
    hidden: int


def arena_picture(report: Mapping[str, Any]) -> ArenaPicture:
    """The picture of the plan of one kernel set and one set of input shapes."""
    memory, arena = report["memory"], max(report["arena"], 1)
    column = WIDTH / (memory["steps"] + 2)
    scale = HEIGHT / arena
    shown = sorted(memory["buffers"], key=lambda row: -row["bytes"])[:_MOST_BOXES]
    boxes = [
        Box(
            round(row["first"] * column, 2),
            round(HEIGHT - (row["offset"] + row["bytes"]) * scale, 2),
            round((row["last"] - row["first"] + 1) * column, 2),
            round(row["bytes"] * scale, 2),
            row["kind"],
            _text(row),
        )
        for row in shown
    ]
    peak = (round(memory["peak_step"] * column, 2), round(column, 2))
    bound = round(HEIGHT - report["arena_bound"] * scale, 2)
    return ArenaPicture(boxes, peak, bound, len(memory["buffers"]) - len(shown))


def _text(row: Mapping[str, Any]) -> str:
    names = ", ".join(value["name"] for value in row["values"][:6]) or "scratch memory of one step"
    more = f" and {len(row['values']) - 6} more" if len(row["values"]) > 6 else ""
    place = f"{row['bytes']:,} bytes at {row['offset']:,}, steps {row['first']} to {row['last']}"
    return f"{names}{more}: {place}"
