"""Reports of products folders, with what the libraries beside them measure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgecc.errors import InputError
from mgecc.report import SCHEMA
from mgecc.report.differences import Difference, differences
from mgecc.report.parts import Part, parts
from mgecc.report.plans import Plan, Plans, read_plans
from mgecc.report.profile import read_trace
from mgecc.toolrun.archive import measure

ERRORS = "mgecc-layers-1"


@dataclass(frozen=True)
class BuiltReport:
    """``report``: the contents of report.json. ``code``: of each kernel set, in order; empty without libraries."""

    report: dict[str, Any]
    code: list[dict[str, Any]]

    def code_of(self, part: Part) -> dict[str, Any]:
        """What the library of a part's kernel set measures, or nothing."""
        return self.code[part.member] if part.member < len(self.code) else {}

    def plan(self, model: str, member: int, shape_set: int) -> Mapping[str, Any]:
        """What the report says of one model, kernel set and set of input shapes."""
        return self._part(model, member).sets[shape_set]

    def named(self, model: str, member: int, shape_set: int) -> Plan:
        """What tells this plan from others, in files of what was measured of it."""
        part = self._part(model, member)
        target = part.target or self.report["target"]
        return Plan(model, target, member, shape_set, part.report["file"]["sha256"])

    def _part(self, model: str, member: int) -> Part:
        (part,) = [p for p in parts(self.report) if (p.model, p.member) == (model, member)]
        return part

    @property
    def data(self) -> dict[str, Any]:
        """The report with what was measured."""
        return self.report | {"code": self.code}


def read_report(folder: Path) -> BuiltReport:
    """The report of a products folder; InputError where there is none that this version reads."""
    file = folder if folder.is_file() else folder / "report.json"
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
        version = (report.get("models") or [report])[0]["schema"]
    except FileNotFoundError:
        raise InputError(f"{file}: there is no report; build the model first") from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{file}: not a report of mgecc ({error})") from None
    if version != SCHEMA:
        raise InputError(
            f"{file}: a report of version {version}, this mgecc reads {SCHEMA}; build the model again"
        )
    return BuiltReport(report, _measured(file.parent, report))


def read_profiles(file: Path, report: Mapping[str, Any]) -> Plans:
    """What a trace of ``mgecc run --profile`` tells of the plans of a report; InputError for another build's."""
    return read_trace(_text(file), str(file), report)


def read_errors(file: Path, report: Mapping[str, Any]) -> Plans:
    """What ``mgecc verify --layers --out`` wrote of the plans of a report; InputError for another build's."""
    try:
        about = json.loads(_text(file))
    except ValueError as error:
        raise InputError(f"{file}: not what mgecc verify --layers --out writes: {error}") from None
    return read_plans(about, ERRORS, str(file), report)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {getattr(error, 'strerror', error)}") from None


def _measured(folder: Path, report: dict[str, Any]) -> list[dict[str, Any]]:
    """What the library of each kernel set measures, if all of them are there."""
    name = report.get("library") or report["model"]
    targets = dict.fromkeys(part.target for part in parts(report))
    archives = [folder / target / f"lib{name}.a" for target in targets]
    return [measure(archive) for archive in archives] if all(map(Path.exists, archives)) else []


def compare_reports(old: BuiltReport, new: BuiltReport) -> dict[str, list[Difference]]:
    """What differs, by part, for parts that both have, in their order; what they are called may differ."""
    return {
        f"{b.model} {b.target}".rstrip(): differences(a.report, b.report, old.code_of(a), new.code_of(b))
        for a, b in zip(parts(old.report), parts(new.report))
    }
