"""Reports of products folders, with what the libraries beside them measure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgecc.errors import InputError
from mgecc.report import SCHEMA
from mgecc.report.differences import Difference, differences
from mgecc.toolrun.archive import measure


@dataclass(frozen=True)
class BuiltReport:
    """``report``: the contents of report.json. ``code``: of each kernel set, in order; empty without libraries."""

    report: dict[str, Any]
    code: list[dict[str, Any]]

    @property
    def parts(self) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """What each part is, its report and what its library measures: one for each model and kernel set."""
        found = []
        for model in self.report.get("models") or [self.report]:
            members = model.get("members") or [model]
            for k, part in enumerate(members):
                words = [model["model"], *([part["target"]] if len(members) > 1 else [])]
                found.append((" ".join(words), part, self.code[k] if k < len(self.code) else {}))
        return found

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


def plan_of(built: BuiltReport, model: str, member: int = 0, shape_set: int = 0) -> dict[str, Any]:
    """What the report says of one model, kernel set and set of input shapes."""
    (found,) = [row for row in built.report.get("models") or [built.report] if row["model"] == model]
    part = (found.get("members") or [found])[member]
    plan: dict[str, Any] = (part.get("shape_sets") or [part])[shape_set]
    return plan


def _measured(folder: Path, report: dict[str, Any]) -> list[dict[str, Any]]:
    """What the library of each kernel set measures, if all of them are there."""
    name = report.get("library") or report["model"]
    members = [member["target"] for member in report.get("members", [])]
    archives = [folder / member / f"lib{name}.a" for member in members] or [folder / f"lib{name}.a"]
    return [measure(archive) for archive in archives] if all(map(Path.exists, archives)) else []


def compare_reports(old: BuiltReport, new: BuiltReport) -> dict[str, list[Difference]]:
    """What differs, by part, for parts that both have, in their order; what they are called may differ."""
    return {
        name: differences(before, after, old_code, new_code)
        for (_, before, old_code), (name, after, new_code) in zip(old.parts, new.parts)
    }
