"""Executed instructions, sizes and memory of models on Arm targets: one JSON, one table, one comparison.

    python benchmarks/bench.py [MODEL ...] [--targets arm64,arm64+dot] [--json FILE] [--layers] [--write] [--check]

A model is a folder of models/, a network of benchmarks/models/ or the path of a model.yaml; without models: those of
benchmarks/figures.json, the committed figures, on the targets given there. --write renews that file (whole or, with
models named, their part), --check compares with it and says what became worse. --layers adds every layer.
Instructions are exact, repeatable and independent of the machine; times are the matter of benchmarks/peers/.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from code_size import code_sections
from count_model import count
from ideal import ideal_instructions, macs_per_instruction
from layers import layer_counts
from mgecc.compiler import build_programs
from mgecc.config import ModelConfig, load_cases, load_config
from mgecc.targets import Target, load_target
from mgecc.toolrun.instructions import build_counter, counting_emulator
from mgecc.toolrun.progress import track
from mgecc.toolrun.session import compile_and_build, prepare
from mgecc.toolrun.stack_header import stacks_of_files
from mgecc.toolrun.tensors import input_cases

import models as networks

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "benchmarks" / "figures.json"
TARGETS = ("arm64", "armv7")
ALLOWED = 1.005  # of instructions and sizes: below it is noise of no interest
Row = dict[str, Any]


def _layers(config: ModelConfig, target: Target, toolchain: str, folder: Path) -> list[Row]:
    program = build_programs(config, target)[0]
    command = counting_emulator(target, build_counter(folder), "mark=mg_mark,each=1")
    counts = layer_counts(program, target, toolchain, command, folder)
    return [
        {
            "layer": call.layer,
            "kernel": call.kernel.symbol,
            "instructions": n,
            "ideal": call.macs // macs_per_instruction(call.kernel.symbol, target),
        }
        for call, n in zip(program.calls, counts, strict=True)
    ]


def sizes(products: Path, name: str, kernels: Iterable[str]) -> Row:
    """Bytes: of all code, of the runtime, of each kernel with its helpers, and of the blob."""
    found = code_sections(products)
    parts = {
        kernel: sum(n for _, s, n in found if s.startswith(f".text.mgk_{kernel}_")) for kernel in kernels
    }
    return {
        "code": sum(n for _, _, n in found),
        "runtime": sum(n for file, _, n in found if not file.endswith("_kernels.o")),
        "kernel_code": dict(sorted(parts.items())),
        "blob": (products / f"{name}.blob").stat().st_size,
    }


def stack_bytes(products: Path) -> Row:
    """The bound of what opening and running take of the stack; nothing where systems see to stacks."""
    (model,) = stacks_of_files(sorted((products / "obj").rglob("*.o"))).values() or [{}]
    return {"stack": max(stack.bytes for stack in model.values())} if model else {}


def measure(config: ModelConfig, target: Target, toolchain: str = "zig", layers: bool = False) -> Row:
    """Figures of one model on one target; instructions by kernel, without the digests in the kernels' names."""
    assert config.verify.inputs is not None
    with tempfile.TemporaryDirectory(prefix="mgecc-") as name:
        folder = Path(name)
        libraries = compile_and_build(config, target, toolchain, folder / "products")
        session = prepare(libraries, toolchain, folder / "runner")
        report = json.loads((folder / "products" / "report.json").read_text(encoding="utf-8"))
        case = input_cases(load_cases(config.verify.inputs), session.interface)[0]
        counted = count(session, case, report["macs"], folder)
        symbols = [kernel["kernel"] for kernel in report["kernels"]]
        kernels = {
            symbol: sum(n for name, n in counted.kernels.items() if name.startswith(f"mgk_{symbol}_"))
            for symbol in symbols
        }
        row: Row = {
            "instructions": counted.instructions,
            "macs": counted.macs,
            "ideal": ideal_instructions(report["layers"], target),
        } | sizes(folder / "products", config.name, symbols)
        row |= {name: report[name] for name in ("weights", "arena", "arena_bound")}
        row |= stack_bytes(folder / "products")
        row["kernels"] = dict(sorted(kernels.items()))
        layers = layers and target.system != "none"  # programs of single calls need a system
        return row | ({"by_layer": _layers(config, target, toolchain, folder)} if layers else {})


def layer_totals(row: Row) -> dict[str, int]:
    """Instructions of each layer of the model, where they were measured; some have several calls."""
    totals: dict[str, int] = {}
    for call in row.get("by_layer", ()):
        totals[call["layer"]] = totals.get(call["layer"], 0) + call["instructions"]
    return totals


def _moved(before: dict[str, int], after: dict[str, int], kind: str) -> list[str]:
    """The five largest changes."""
    moved = {name: after.get(name, 0) - before.get(name, 0) for name in before | after}
    ranked = sorted(moved.items(), key=lambda entry: -abs(entry[1]))
    return [f"  {by:+d} {kind} {name}" for name, by in ranked[:5] if by]


def worse(old: Row, new: Row) -> list[str]:
    """What grew by more than the allowance, then the kernels and, if measured, the layers that moved it."""
    names = [n for n in ("instructions", "code", "weights", "arena", "stack") if n in old]
    found = [f"{n}: {old[n]} -> {new[n]}" for n in names if new[n] > old[n] * ALLOWED]
    if new["instructions"] > old["instructions"] * ALLOWED:
        found += _moved(old["kernels"], new["kernels"], "kernel")
        if "by_layer" in new:
            found += _moved(old["layers"], layer_totals(new), "layer")
    return found


def table(figures: dict[str, dict[str, Row]]) -> str:
    """All figures as Markdown."""
    head = (
        "model",
        "target",
        "instructions (M)",
        "/ ideal",
        "code (KiB)",
        "of it runtime",
        "weights (KiB)",
        "arena / bound",
    )
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for model, targets in figures.items():
        for target, row in targets.items():
            ratio = row["instructions"] / max(1, row["ideal"])
            cells = (model, target, f"{row['instructions'] / 1e6:.2f}", f"{ratio:.3f}",
                     *(f"{row[part] / 1024:.1f}" for part in ("code", "runtime")), f"{row['weights'] / 1024:.0f}",
                     f"{row['arena'] / max(1, row['arena_bound']):.3f}")  # fmt: skip
            lines.append("| " + " | ".join(cells) + " |")
            for layer in row.get("by_layer", ()):
                part = f"{layer['instructions'] / layer['ideal']:.3f}" if layer["ideal"] else ""
                million = f"{layer['instructions'] / 1e6:.3f}"
                lines.append(f"| | {layer['layer']} | {million} | {part} | {layer['kernel']} | | | |")
    return "\n".join(lines) + "\n"


def committed() -> dict[str, dict[str, Row]]:
    """The figures of benchmarks/figures.json: model, target, row."""
    found: dict[str, dict[str, Row]] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return found


def config_of(model: str) -> ModelConfig:
    """A model of models/ or a network of benchmarks/models/, by name, or a model.yaml anywhere."""
    if model.endswith(".yaml"):
        return load_config(model)
    if model in networks.names():
        return load_config(networks.folder_of(model) / "model.yaml")
    return load_config(ROOT / "models" / model / "model.yaml")


def measure_model(model: str, target: str, layers: bool = False) -> Row:
    """Figures of a model on a target, by their names."""
    return measure(config_of(model), load_target(target), layers=layers)


def check(model: str, target: str, new: Row | None = None) -> list[str]:
    """What is worse than committed, on one target; only where something is, layers are measured too."""
    old = committed()[model].get(target)
    if old is None:
        return []
    if not worse(old, new or measure_model(model, target)):
        return []
    return worse(old, measure_model(model, target, layers=True))


def _slim(row: Row) -> Row:
    """As committed: of layers, the totals."""
    if "by_layer" not in row:
        return row
    return {name: value for name, value in row.items() if name != "by_layer"} | {"layers": layer_totals(row)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--targets", default="", help="otherwise the committed ones, or arm64,armv7")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--layers", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


def main() -> int:
    options = _options()
    old = committed() if FIGURES.is_file() else {}
    named = options.targets.split(",") if options.targets else ()
    wanted = [
        (model, target) for model in options.models or old for target in named or old.get(model, TARGETS)
    ]
    new: dict[str, dict[str, Row]] = {}
    for model, target in track("measuring", wanted):
        row = measure_model(model, target, options.layers or options.write)
        new.setdefault(model, {})[target] = row
    shown = (
        new if options.layers else {m: {t: _slim(row) for t, row in rows.items()} for m, rows in new.items()}
    )
    print(table(shown), end="")
    if options.json:
        options.json.write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")
    if options.write:
        slim = {
            m: {**old.get(m, {}), **{t: _slim(row) for t, row in rows.items()}} for m, rows in new.items()
        }
        FIGURES.write_text(json.dumps({**old, **slim}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    problems = [
        f"{model} on {target}: {text}"
        for model, rows in (new if options.check else {}).items()
        for target, row in rows.items()
        for text in check(model, target, row)
    ]
    print("".join(f"worse: {p}\n" for p in problems), end="", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
