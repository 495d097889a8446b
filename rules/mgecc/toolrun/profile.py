"""What every kernel call of a run costs on its target: by the clock on this machine, by instructions under QEMU.

The runner calls kernels one after the other, with a call of a hook before and after each (mgecc_run_hooked).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from mgecc.report.profile import PlanProfile, plan_profile
from mgecc.toolrun.instructions import CounterMissing, build_counter, counting_command, is_emulated
from mgecc.toolrun.reports import read_report
from mgecc.toolrun.runner import RunError, Runner, run_to_end, start_runner
from mgecc.toolrun.session import Session

# Runs of which every call's shortest time counts: whatever else the machine does only adds.
_RUNS = 10
_COUNT = "mark=mg_call,each=1"


def profile_runner(
    session: Session, runner: Runner, model: str, case: bytes, tell: Callable[[str], object]
) -> PlanProfile:
    """Measure one case. ``tell`` gets a line where instructions cannot be counted and the emulator's clock is taken.

    Raises RunError and EmulatorMissing.
    """
    unit, costs, rate = _measure(session, runner, case, tell)
    member, built = session.runners.index(runner), read_report(session.folder)
    place = model, member, session.shape_set
    # What is planned for declared sizes has the multiply-accumulates of the largest.
    rate = 0.0 if session.numbers else rate
    peak = runner.target.facts.macs_per_instruction
    return plan_profile(built.named(*place), built.plan(*place), unit, costs, peak, rate)


def _measure(
    session: Session, runner: Runner, case: bytes, tell: Callable[[str], object]
) -> tuple[str, tuple[int, ...], float]:
    """Unit, costs of the kernel calls, and instructions or cycles of one unit, 0 where that has no meaning."""
    if not is_emulated(runner):
        return "ns", _nanoseconds(session, runner, case), _gigahertz()
    try:
        return "instructions", _instructions(session, runner, case), 1.0
    except CounterMissing as error:
        if runner.board:
            raise RunError(f"{runner.target.name}: {error}; the emulated board has no clock") from None
        tell(f"{runner.target.name}: {error}; times are the emulator's")
        return "ns", _nanoseconds(session, runner, case), 0.0


def _nanoseconds(session: Session, runner: Runner, case: bytes) -> tuple[int, ...]:
    said, _ = start_runner(runner, case * _RUNS, ["--layers", *session.words])
    times = re.findall(r"^call (\d+)\nns (\d+)$", said.replace("\r", ""), re.MULTILINE)
    found: dict[int, int] = {}
    for call, time in times:
        found[int(call)] = min(int(time), found.get(int(call), int(time)))
    return tuple(found[call] for call in sorted(found))


def _instructions(session: Session, runner: Runner, case: bytes) -> tuple[int, ...]:
    with tempfile.TemporaryDirectory(prefix="mgecc-") as name:
        folder = Path(name)
        (folder / "inputs.bin").write_bytes(case)
        words = ["inputs.bin", "outputs.bin", "--layers", *session.words]
        command = counting_command(runner, build_counter(folder), _COUNT, words)
        done = run_to_end(command, folder, runner.target.name)
    said = done.stderr.decode(errors="replace")
    counts = tuple(int(count) for count in re.findall(r"^region (\d+)", said, re.MULTILINE))
    if done.returncode and not counts:
        line = (said.strip().splitlines() or [f"status {done.returncode}"])[-1][:200]
        raise CounterMissing(f"instructions cannot be counted: {Path(command[0]).name}: {line}")
    return counts


def _gigahertz() -> float:
    """The highest frequency in GHz that this machine's processors tell; 0 where none does."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    found = re.findall(r"^cpu MHz\s*: ([0-9.]+)", text, re.MULTILINE)
    return max(map(float, found), default=0.0) / 1000
