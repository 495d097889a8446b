"""What was measured of plans and kept in a file, matched with the plans of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mgecc.errors import InputError
from mgecc.report.parts import parts

Plans = dict[tuple[str, int, int], Mapping[str, Any]]
"""Data of plans by model, position of the kernel set and of the set of input shapes."""


@dataclass(frozen=True)
class Plan:
    """Which plan of a report is meant: by model, position of the kernel set and of the set of input shapes.

    ``sha256``: of the model file.
    """

    model: str
    target: str
    member: int
    shape_set: int
    sha256: str


def read_plans(about: Mapping[str, Any], form: str, file: str, report: Mapping[str, Any]) -> Plans:
    """What ``about`` has in ``plans``: rows with the fields of Plan and ``steps``. ``form``: which format it must have.

    Raises InputError for what is no such thing, and for one of another build than ``report`` tells of.
    """
    try:
        if about["format"] != form:
            raise ValueError(f"of the format {about['format']}, not {form}")
        found = {(row["model"], row["member"], row["shape_set"]): row for row in about["plans"]}
        layers = {
            key: (row["sha256"], {(s["step"], s["layer"]) for s in row["steps"]})
            for key, row in found.items()
        }
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(f"{file}: not a file that mgecc wrote for a report: {error}") from None
    built = {
        (part.model, part.member, number): (
            part.report["file"]["sha256"],
            {(step["step"], step["layer"]) for step in plan["steps"]},
        )
        for part in parts(report)
        for number, plan in enumerate(part.sets)
    }
    for key, (digest, steps) in layers.items():
        if key not in built or built[key][0] != digest or not steps <= built[key][1]:
            raise InputError(f"{file}: of another build of {key[0]}: measure this one")
    return found
