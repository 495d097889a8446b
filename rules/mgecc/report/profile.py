"""What was measured of a run, by layer and by kernel, and the same as a trace that Perfetto and Chrome open.

The ideal of a layer is its multiply-accumulates (MACs) alone, at the peak of the instruction set's record:
MACs / MACs of one instruction, in instructions. By a clock that is cycles, of one such instruction each; a processor
with two units gets below 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

from mgecc.errors import InputError
from mgecc.report.plans import Plan, Plans, read_plans

FORMAT = "mgecc-profile-1"
# The trace counts time in microseconds; an instruction is shown as a nanosecond.
_SCALE = 1000

Peak = Callable[[str], int]
"""Element type of operands -> the most multiply-accumulates of one instruction."""


@dataclass(frozen=True)
class Measured:
    """Cost of one step of a plan. ``share``: of the whole run. ``of_ideal``: how many times the
    ideal; None without multiply-accumulates or where no clock is known."""

    step: int
    layer: str
    operator: str
    kernel: str
    cost: int
    share: float
    of_ideal: float | None


@dataclass(frozen=True)
class PlanProfile:
    """One run of one plan. ``unit``: "instructions" or "ns". ``calls``: of each kernel call, its kernel and cost."""

    plan: Plan
    unit: str
    calls: Sequence[tuple[str, int]]
    steps: Sequence[Measured]

    @property
    def total(self) -> int:
        return sum(cost for _, cost in self.calls)

    @property
    def kernels(self) -> dict[str, int]:
        """Cost of all calls of each kernel, the most costly first."""
        costs: dict[str, int] = {}
        for kernel, cost in self.calls:
            costs[kernel] = costs.get(kernel, 0) + cost
        return dict(sorted(costs.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def data(self) -> dict[str, Any]:
        """What a report takes of it."""
        costs = {"unit": self.unit, "total": self.total, "kernels": self.kernels}
        return asdict(self.plan) | costs | {"steps": [asdict(step) for step in self.steps]}


def plan_profile(
    plan: Plan, report: Mapping[str, Any], unit: str, costs: Sequence[int], peak: Peak, rate: float = 1.0
) -> PlanProfile:
    """Join the costs of kernel calls with the plan that ``report`` has. ``rate``: instructions or cycles of one unit, 0
    where that is unknown.

    Raises InputError where the calls are not those of the plan.
    """
    layers = report["layers"]
    if len(costs) != len(layers):
        raise InputError(
            f"{plan.model} on {plan.target}: {len(costs)} calls were measured, its report has {len(layers)}"
        )
    calls = [(row["kernel"], cost) for row, cost in zip(layers, costs)]
    steps = [_measured(step, calls, peak, rate) for step in report["steps"] if step["calls"]]
    return PlanProfile(plan, unit, calls, steps)


def _measured(step: Mapping[str, Any], calls: Sequence[tuple[str, int]], peak: Peak, rate: float) -> Measured:
    own = [calls[call] for call in step["calls"]]
    cost, total = sum(cost for _, cost in own), sum(cost for _, cost in calls)
    ideal = step["macs"] / peak(step["inputs"][0]["dtype"]) if step["macs"] else 0.0
    ratio = round(cost * rate / ideal, 4) if ideal and rate else None
    names = step["step"], step["layer"], step["operator"], own[0][0]
    return Measured(*names, cost, round(cost / total, 6) if total else 0.0, ratio)


def profile_table(profile: PlanProfile) -> str:
    """One line a layer, then one a kernel, the most costly first."""
    total = profile.total
    lines = [f"{'step':>5} {profile.unit:>14} {'share':>6} {'of ideal':>8}  layer"]
    for row in profile.steps:
        ratio = "-" if row.of_ideal is None else f"{row.of_ideal:.2f}"
        name = f"{row.layer} ({row.operator}) by {row.kernel}"
        lines.append(f"{row.step:>5} {row.cost:>14,} {row.share:>6.1%} {ratio:>8}  {name}")
    lines.append(f"{'all':>5} {total:>14,}")
    lines += [
        f"{'':>5} {cost:>14,} {cost / (total or 1):>6.1%} {'':>8}  {kernel}"
        for kernel, cost in profile.kernels.items()
    ]
    return "\n".join(lines)


def trace(profiles: Sequence[PlanProfile]) -> str:
    """Trace Event Format: a process for each profile, with its layers above its kernel calls, and all data."""
    events = [event for pid, profile in enumerate(profiles, 1) for event in _events(pid, profile)]
    about = {"format": FORMAT, "plans": [profile.data for profile in profiles]}
    return json.dumps({"displayTimeUnit": "ns", "otherData": about, "traceEvents": events}, indent=1) + "\n"


def _events(pid: int, profile: PlanProfile) -> list[dict[str, Any]]:
    shown = " (1 ns is an instruction)" if profile.unit == "instructions" else ""
    title = f"{profile.plan.model} on {profile.plan.target}: {profile.unit}{shown}"
    names = {0: ("process_name", title), 1: ("thread_name", "layers"), 2: ("thread_name", "kernels")}
    return [
        *(
            {"ph": "M", "name": kind, "pid": pid, "tid": tid, "args": {"name": text}}
            for tid, (kind, text) in names.items()
        ),
        *_spans(pid, 1, [(step.layer, step.cost, asdict(step)) for step in profile.steps]),
        *_spans(pid, 2, [(name, cost, {"call": call}) for call, (name, cost) in enumerate(profile.calls)]),
    ]


def _spans(pid: int, tid: int, costs: Sequence[tuple[str, int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """One after the other, as they run."""
    starts = accumulate((cost for _, cost, _ in costs), initial=0)
    return [
        {
            "ph": "X",
            "name": name,
            "pid": pid,
            "tid": tid,
            "ts": start / _SCALE,
            "dur": cost / _SCALE,
            "args": args,
        }
        for start, (name, cost, args) in zip(starts, costs)
    ]


def read_trace(text: str, file: str, report: Mapping[str, Any]) -> Plans:
    """Of the text of a trace: ``PlanProfile.data`` of each plan. Raises InputError, see ``read_plans``."""
    try:
        about = json.loads(text)["otherData"]
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(f"{file}: not a profile of mgecc run --profile: {error}") from None
    return read_plans(about, FORMAT, file, report)
