"""The page: one section a plan, that is, for each model, kernel set and set of input shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from mgecc.report.differences import Difference
from mgecc.report.hints import hints
from mgecc.report.html.arena_picture import HEIGHT, WIDTH, ArenaPicture, arena_picture
from mgecc.report.html.graph_picture import BOX_HEIGHT, BOX_WIDTH, GraphPicture, graph_picture
from mgecc.report.parts import parts
from mgecc.report.plans import Plans

_FOLDER = Path(__file__).parent
# Layers whose bars are shown; the table has all.
_MOST_BARS = 12

Code = Mapping[str, Any]
"""What was measured in a library, as ``toolrun.archive.measure`` gives it."""


@dataclass(frozen=True)
class Bar:
    """``part``: of the longest bar, from 0 to 1."""

    name: str
    amount: str
    part: float


@dataclass(frozen=True)
class Plan:
    """One section of the page. ``code``: empty where no library was found. ``profile``, ``errors``: empty where
    nothing was measured.

    ``bars``: with title and captions, as estimated and as measured.
    """

    title: str
    report: Mapping[str, Any]
    code: Code
    arena: ArenaPicture
    graph: GraphPicture
    hints: list[str]
    profile: Mapping[str, Any]
    bars: list[tuple[str, list[tuple[str, list[Bar]]]]]
    errors: Mapping[str, Any]

    @property
    def stack(self) -> Mapping[str, Any]:
        """Stack of opening and running, where the compiler gave figures."""
        found: Mapping[str, Any] = self.code.get("stack", {}).get(self.report["model"], {})
        return found


def page(
    report: Mapping[str, Any],
    code: Sequence[Code] = (),
    profiles: Plans | None = None,
    errors: Plans | None = None,
) -> str:
    """The text of report.html. ``code``: of each kernel set, in order, where libraries were built. ``profiles``: what
    layers cost, ``errors``: how far their results are from a reference, where that was measured."""
    plans = list(_plans(report, code, profiles or {}, errors or {}))
    head = dict(plans[0].report) | {
        "name": report.get("library") or report["model"],
        "target": report["target"],
    }
    sizes = {"width": WIDTH, "height": HEIGHT, "box_width": BOX_WIDTH, "box_height": BOX_HEIGHT}
    return _templates().get_template("page.html.j2").render(head=head, plans=plans, **sizes)


def comparison(old: str, new: str, parts: Mapping[str, Sequence[Difference]]) -> str:
    """The text of a page with what differs between two builds, by part. ``old``, ``new``: what they are called."""
    return _templates().get_template("comparison.html.j2").render(old=old, new=new, parts=parts)


def _templates() -> jinja2.Environment:
    """Text from a model file is escaped wherever it is put in."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"amount": amount, "memory": memory}
    return environment


def amount(number: int) -> str:
    """A number as it is read most easily: 12,345 or 1.2 M."""
    return f"{number:,}" if number < 1_000_000 else f"{number / 1_000_000:,.2f} M"


def memory(count: int) -> str:
    """Bytes as they are read most easily: 12,345 B, 96.2 KiB or 3.06 MiB."""
    if count < 16384:
        return f"{count:,} B"
    return f"{count / 1024:,.1f} KiB" if count < 1 << 20 else f"{count / (1 << 20):,.2f} MiB"


def _plans(report: Mapping[str, Any], code: Sequence[Code], profiles: Plans, errors: Plans) -> Iterator[Plan]:
    for part in parts(report):
        measured = code[part.member] if part.member < len(code) else {}
        for number, row in enumerate(part.sets):
            shapes = ", ".join(f"{t['name']} {'x'.join(map(str, t['shape']))}" for t in row["inputs"])
            words = [
                part.model if "models" in report else "",
                part.target,
                shapes if len(part.sets) > 1 else "",
            ]
            place = part.model, part.member, number
            found = profiles.get(place, {}), errors.get(place, {})
            yield _plan(" · ".join(filter(None, words)), {**part.report, **row}, measured, *found)


def _plan(
    title: str, report: Mapping[str, Any], code: Code, profile: Mapping[str, Any], errors: Mapping[str, Any]
) -> Plan:
    estimated = [
        ("by kernel", _kernel_bars(report)),
        ("by layer", _layer_bars(report["steps"], "instructions")),
    ]
    bars = [("Estimated instructions", estimated)]
    if profile:
        by_layer = _layer_bars(profile["steps"], "cost")
        bars.append(
            (
                f"Measured {profile['unit']}",
                [("by kernel", _bars([*profile["kernels"].items()])), ("by layer", by_layer)],
            )
        )
    return Plan(
        title,
        report,
        code,
        arena_picture(report),
        graph_picture(report["steps"]),
        hints(report, code),
        {**profile, "steps": {row["step"]: row for row in profile["steps"]}} if profile else {},
        bars,
        _worst(errors),
    )


def _worst(errors: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of each step the row with the largest error, and the first that diverges."""
    if not errors:
        return {}
    rows = sorted(
        errors["steps"], key=lambda row: row["of_peak"] if row["of_peak"] is not None else float("inf")
    )
    first = next((row for row in errors["steps"] if not row["ok"]), None)
    return {**errors, "steps": {row["step"]: row for row in rows}, "first": first}


def _layer_bars(steps: Sequence[Mapping[str, Any]], cost: str) -> list[Bar]:
    return _bars([(f"{s['step']} {s['layer']}", s[cost]) for s in steps])


def _kernel_bars(row: Mapping[str, Any]) -> list[Bar]:
    costs: dict[str, int] = {}
    for step in row["steps"]:
        for call in step["calls"][:1]:
            kernel = row["layers"][call]["kernel"]
            costs[kernel] = costs.get(kernel, 0) + step["instructions"]
    return _bars(list(costs.items()))


def _bars(costs: list[tuple[str, int]]) -> list[Bar]:
    whole, most = sum(cost for _, cost in costs), max((cost for _, cost in costs), default=0)
    longest = sorted(costs, key=lambda row: -row[1])[:_MOST_BARS]
    return [Bar(name, f"{cost / whole:.1%}", round(cost / most, 4)) for name, cost in longest if cost]
