"""Run a model on its target: prints the best labels of every case and the time of one run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mgecc.commands._options import add_build, add_model, add_products, add_target

if TYPE_CHECKING:
    import numpy as np

    from mgecc.config import ModelConfig
    from mgecc.toolrun.runner import Runner

_PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".webp")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_target(parser)
    add_build(parser)
    add_products(parser)
    parser.add_argument(
        "--input", type=Path, metavar="FILE", help="picture or .npz; default: the recorded inputs"
    )
    parser.add_argument(
        "--top", type=int, default=5, metavar="N", help="how many classes to print (default: 5)"
    )
    parser.add_argument("--output", type=Path, metavar="NPZ", help="also write all outputs to this file")


def run(args: argparse.Namespace) -> int:
    from mgecc.commands._session import open_session
    from mgecc.config import save_cases
    from mgecc.toolrun.products import read_config
    from mgecc.toolrun.session import run_cases
    from mgecc.toolrun.tensors import dequantized, input_cases, output_arrays

    config = read_config(args.model, args.name, args.optimize)
    inputs = _inputs(config, args.input)
    with open_session(args, config) as session:
        session = session.fitting(inputs)
        cases = input_cases(inputs, session.interface)
        for runner in session.runners:
            results, times = run_cases(session, runner, cases, repeat=2)
            stored = output_arrays(results, session.interface)
            arrays = [dequantized(a, t) for a, t in zip(stored, session.interface.outputs)]
            print(f"{config.name} on {runner.target.name}{_how(runner, times)}")
            _show(config, arrays[0], args.top)
    if args.output:
        save_cases(args.output, {f"out.{k}": array for k, array in enumerate(arrays)})
    return 0


def _how(runner: Runner, times: list[int]) -> str:
    words = f": {min(times) / 1e6:.2f} ms a run" if times else ""
    return words + (f" under {runner.target.emulator[0]}" if runner.target.emulator else "")


def _inputs(config: ModelConfig, path: Path | None) -> dict[str, np.ndarray]:
    from mgecc.config import load_cases
    from mgecc.toolrun.pictures import load_picture
    from mgecc.toolrun.products import InputError

    path = path or config.verify.inputs
    if path is None:
        raise InputError("nothing to run: give --input with a picture or .npz")
    if path.suffix.lower() not in _PICTURES:
        return load_cases(path)
    if config.preprocess is None:
        raise InputError(f"{config.path}: there is no 'preprocess:' that says how a picture becomes an input")
    return {f"in.{config.preprocess.input}": load_picture(path, config.preprocess, config.form_of_picture)}


def _show(config: ModelConfig, output: np.ndarray, count: int) -> None:
    """The best classes of every case; without labels, their positions."""
    from mgecc.toolrun.compare import top_classes

    rows = output.reshape(len(output), -1)
    labels = config.labels.read_text(encoding="utf-8").splitlines() if config.labels else []
    for case, (row, best) in enumerate(zip(rows, top_classes(rows, count))):
        if len(rows) > 1:
            print(f"  case {case}:")
        for position in best:
            label = labels[position] if position < len(labels) else f"class {position}"
            print(f"  {float(row[position]):>12.6g}  {label}")
