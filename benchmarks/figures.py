"""The table of README.md: sizes, memory and executed instructions of one model on several targets.

    python benchmarks/figures.py [models/mobilenet/model.yaml] [--write README.md]

--write replaces the table in the file; tests compare sizes and memory of the table with what is built.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from count_model import count
from elftools.elf.elffile import ELFFile  # type: ignore[import-untyped]
from mgecc.config import ModelConfig, load_cases, load_config
from mgecc.targets import load_target
from mgecc.toolrun.session import Session, compile_and_build, prepare
from mgecc.toolrun.tensors import input_cases

COLUMNS = (("arm64", ""), ("armv7", ""), ("x86_64", "v3"), ("baremetal", ""))
TITLES = {"baremetal": "baremetal (Cortex-M4F)", "x86_64": "x86_64 v3"}
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


def code_sections(folder: Path) -> list[tuple[str, str, int]]:
    """Text and constants of kernels and runtime, every object but the blob's: file, section and bytes."""
    found = []
    for path in sorted((folder / "obj").rglob("*.o")):
        if not path.name.endswith("_blob.o"):
            with path.open("rb") as file:
                sections = [s for s in ELFFile(file).iter_sections() if s["sh_flags"] & 2]
                found += [(path.name, str(s.name), int(s["sh_size"])) for s in sections]
    return found


def code_bytes(folder: Path) -> int:
    """Text and constants of kernels and runtime."""
    return sum(size for _, _, size in code_sections(folder))


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


def replace_table(text: str, new: str) -> str:
    """The text with the Markdown table between the markers replaced."""
    start, end = "<!-- figures -->\n", "<!-- end of figures -->"
    before, rest = text.split(start)
    return f"{before}{start}{new}{end}{rest.split(end)[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", type=Path, nargs="?", default=Path("models/mobilenet/model.yaml"))
    parser.add_argument("--write", type=Path, metavar="FILE")
    args = parser.parse_args()
    text = table(load_config(args.model))
    print(text, end="")
    if args.write:
        args.write.write_text(replace_table(args.write.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main()
