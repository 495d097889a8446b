"""The tables of README.md: sizes, memory and executed instructions, of one model on several targets and, from the
committed figures, of quantised networks on Cortex-M.

    python benchmarks/figures.py [models/mobilenet/model.yaml] [--write README.md]

--write replaces the tables in the file; tests compare sizes and memory of the first with what is built, and the second
with benchmarks/figures.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from bench import Row, committed
from code_size import code_bytes
from count_model import count
from mgecc.config import ModelConfig, load_cases, load_config
from mgecc.targets import load_target
from mgecc.toolrun.session import Session, compile_and_build, prepare
from mgecc.toolrun.tensors import input_cases

COLUMNS = (("arm64", ""), ("armv7", ""), ("x86_64", "v3"), ("baremetal", ""))
TITLES = {"baremetal": "baremetal (Cortex-M4F)", "x86_64": "x86_64 v3"}
CORES = {"cortex-m0": "M0", "cortex-m3": "M3", "baremetal": "M4F", "cortex-m55": "M55"}
KIB = 1024


@dataclass(frozen=True)
class Figures:
    """Bytes of code (speed and size goals), weights, arena and its bound; instructions of one inference, if counted."""

    code: int
    small: int
    weights: int
    arena: int
    bound: int
    instructions: int = 0
    macs: int = 0


def _instructions(session: Session, config: ModelConfig, macs: int, folder: Path) -> int:
    if not session.runners[0].target.emulator or session.runners[0].board:
        return 0
    assert config.verify.inputs is not None
    case = input_cases(load_cases(config.verify.inputs), session.interface)[0]
    return count(session, case, macs, folder).instructions


def figures(config: ModelConfig, name: str, cpu: str, counted: bool = True) -> Figures:
    """Build for speed and for size; count instructions where asked and where the emulator can."""
    target = load_target(name, cpu)
    with tempfile.TemporaryDirectory(prefix="mgecc-") as scratch:
        folder = Path(scratch)
        libraries = compile_and_build(config, target, "zig", folder / "speed")
        compile_and_build(replace(config, optimize="size"), target, "zig", folder / "size")
        report = json.loads((folder / "speed" / "report.json").read_text())
        session = prepare(libraries, "zig", folder / "runner")
        executed = _instructions(session, config, report["macs"], folder) if counted else 0
        sizes = (code_bytes(folder / "speed"), code_bytes(folder / "size"))
        memory = (report["weights"], report["arena"], report["arena_bound"])
        return Figures(*sizes, *memory, executed, report["macs"])


def table(config: ModelConfig) -> str:
    """The table as Markdown."""
    every = [figures(config, *column) for column in COLUMNS]
    rows = {
        "code: kernels and runtime": [f"{f.code / KIB:.1f} KiB" for f in every],
        "the same with `optimize=size`": [f"{f.small / KIB:.1f} KiB" for f in every],
        "weights": [f"{f.weights / KIB:.0f} KiB" for f in every],
        "arena (its lower bound)": [f"{f.arena / KIB:.0f} ({f.bound / KIB:.0f}) KiB" for f in every],
        "executed instructions, in millions": [
            f"{f.instructions / 1e6:.1f}" if f.instructions else "–" for f in every
        ],
        "instructions / (MACs / 4)": [
            f"{f.instructions / (f.macs / 4):.2f}" if f.instructions else "–" for f in every
        ],
    }
    titles = [TITLES.get(name, name) for name, _ in COLUMNS]
    head = (
        f"| {config.description or config.name} | {' | '.join(titles)} |\n|{' --- |' * (len(titles) + 1)}\n"
    )
    return head + "".join(f"| {label} | {' | '.join(cells)} |\n" for label, cells in rows.items())


def cores_table(rows: dict[str, dict[str, Row]]) -> str:
    """Networks that have committed figures for all of CORES, as Markdown."""
    head = f"| on Cortex- | | {' | '.join(CORES.values())} |\n|{' --- |' * (len(CORES) + 2)}\n"
    return head + "".join(
        _of_cores(f"`{model}`", [of_targets[core] for core in CORES])
        for model, of_targets in rows.items()
        if CORES.keys() <= of_targets.keys()
    )


def _of_cores(title: str, rows: list[Row]) -> str:
    cells = {
        "instructions, in millions": [f"{row['instructions'] / 1e6:.2f}" for row in rows],
        "code: kernels and runtime": [f"{row['code'] / KIB:.1f} KiB" for row in rows],
        "arena": [f"{row['arena'] / KIB:.1f} KiB" for row in rows],
        "stack": [f"{row['stack']} bytes" for row in rows],
    }
    titles = [f"{title}, {rows[0]['macs'] / 1e6:.2f} million MACs", *[""] * (len(cells) - 1)]
    lines = zip(titles, cells.items(), strict=True)
    return "".join(f"| {first} | {label} | {' | '.join(of)} |\n" for first, (label, of) in lines)


def replace_table(text: str, new: str, name: str = "figures") -> str:
    """The text with the Markdown table between the markers of this name replaced."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, rest = text.split(start)
    return f"{before}{start}{new}{end}{rest.split(end)[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", type=Path, nargs="?", default=Path("models/mobilenet/model.yaml"))
    parser.add_argument("--write", type=Path, metavar="FILE")
    args = parser.parse_args()
    text, cores = table(load_config(args.model)), cores_table(committed())
    print(text, cores, sep="\n", end="")
    if args.write:
        written = replace_table(args.write.read_text(encoding="utf-8"), text)
        args.write.write_text(replace_table(written, cores, "cores"), encoding="utf-8")


if __name__ == "__main__":
    main()
