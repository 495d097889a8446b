"""Run a model on its target: prints the best labels of every case and the time of one run.

Without a target it is computed with the NumPy meanings of its operators, as mgecc interpret does.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mgecc.commands._model import chosen
from mgecc.commands._options import add_build, add_json, add_model, add_products, add_target
from mgecc.commands._output import note, show
from mgecc.commands._session import open_session
from mgecc.commands.interpret import interpret_cases
from mgecc.config import ModelConfig, save_cases
from mgecc.errors import InputError
from mgecc.report.profile import PlanProfile, profile_table, trace
from mgecc.toolrun.compare import top_classes
from mgecc.toolrun.graphs import read_graph
from mgecc.toolrun.input_files import read_inputs
from mgecc.toolrun.open_inputs import as_recorded
from mgecc.toolrun.products import user_errors
from mgecc.toolrun.profile import profile_runner
from mgecc.toolrun.session import run_cases
from mgecc.toolrun.tensors import dequantized, ignored_arrays, input_cases, output_arrays


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_target(parser, required=False)
    add_build(parser)
    add_products(parser)
    parser.add_argument(
        "--input",
        type=Path,
        metavar="FILE",
        help="picture, .npz, .npy, .wav, .bin or a folder of these (docs/inputs.md); default: the recorded inputs",
    )
    parser.add_argument(
        "--top", type=int, default=5, metavar="N", help="how many classes to print (default: 5)"
    )
    parser.add_argument("--output", type=Path, metavar="NPZ", help="also write all outputs to this file")
    parser.add_argument(
        "--profile",
        type=Path,
        metavar="FILE",
        help="measure every layer of the first case, by executed instructions under QEMU, else by the clock: print a "
        "table, and write a trace that Perfetto and `mgecc report --profile` read",
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    config = chosen(args)
    inputs = _inputs(config, args.input)
    with user_errors(config):
        config, notes = as_recorded(config, inputs)
    for line in notes:
        note(line)
    runs = list(_on_target(args, config, inputs) if args.target else _meaning(args, config, inputs))
    if args.profile:
        measured = [run.profile for run in runs if run.profile]
        args.profile.write_text(trace(measured), encoding="utf-8", newline="\n")
    show(
        args,
        (line for run in runs for line in _lines(config, run, args.top)),
        lambda: [
            {
                "model": config.name,
                "on": run.place,
                "ms": run.milliseconds,
                "cases": _cases(config, run, args.top),
            }
            | ({"profile": run.profile.data} if run.profile else {})
            for run in runs
        ],
    )
    if args.output:
        save_cases(args.output, {f"out.{k}": array for k, array in enumerate(runs[-1].outputs)})
    return 0


@dataclass(frozen=True)
class Run:
    """Outputs, stacked over the cases, and where and how fast they were computed."""

    place: str
    outputs: list[np.ndarray]
    milliseconds: float | None = None
    emulator: str = ""
    profile: PlanProfile | None = None


def _on_target(args: argparse.Namespace, config: ModelConfig, inputs: dict[str, np.ndarray]) -> Iterator[Run]:
    with open_session(args, config) as session:
        session = session.fitting(inputs)
        for line in ignored_arrays(inputs, session.interface):
            note(line)
        cases = input_cases(inputs, session.interface)
        for runner in session.runners:
            # A run that is repeated for its time would go on from its own end.
            repeat = 1 if session.interface.has_states else 2
            results, times = run_cases(session, runner, cases, repeat)
            stored = output_arrays(results, session.interface)
            arrays = [dequantized(a, t) for a, t in zip(stored, session.interface.outputs)]
            emulator = runner.target.emulator[0] if runner.target.emulator else ""
            measured = profile_runner(session, runner, config.name, cases[0], note) if args.profile else None
            milliseconds = min(times) / 1e6 if times else None
            yield Run(runner.target.name, arrays, milliseconds, emulator, measured)


def _meaning(args: argparse.Namespace, config: ModelConfig, inputs: dict[str, np.ndarray]) -> Iterator[Run]:
    if args.products or args.cpu or args.profile:
        raise InputError("--products, --cpu and --profile are for a target: give --target NAME")
    yield Run("NumPy", interpret_cases(read_graph(config), inputs))


def _inputs(config: ModelConfig, path: Path | None) -> dict[str, np.ndarray]:
    path = path or config.verify.inputs
    if path is None:
        raise InputError("nothing to run: give --input with a picture, sound, array or folder")
    return read_inputs(config, path, note)


def _cases(config: ModelConfig, run: Run, count: int) -> list[list[dict[str, Any]]]:
    """The best classes of every case; without labels, their positions."""
    rows = run.outputs[0].reshape(len(run.outputs[0]), -1)
    labels = config.labels.read_text(encoding="utf-8").splitlines() if config.labels else []
    names = dict(enumerate(labels))
    return [
        [{"class": int(k), "label": names.get(int(k), f"class {k}"), "value": float(row[k])} for k in best]
        for row, best in zip(rows, top_classes(rows, count))
    ]


def _lines(config: ModelConfig, run: Run, count: int) -> Iterator[str]:
    time = f": {run.milliseconds:.2f} ms a run" if run.milliseconds is not None else ""
    yield f"{config.name} on {run.place}{time}" + (f" under {run.emulator}" if run.emulator else "")
    if run.profile:
        yield profile_table(run.profile)
        return
    cases = _cases(config, run, count)
    for case, best in enumerate(cases):
        if len(cases) > 1:
            yield f"  case {case}:"
        for row in best:
            yield f"  {row['value']:>12.6g}  {row['label']}"
