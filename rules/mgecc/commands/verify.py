"""Compile a model, run recorded inputs on the target and compare with recorded outputs.

Arrays are named in.<input name> and out.<k>; an array of the model's shape is one case, a further leading axis makes
several. A model with declared sizes is also run with random inputs of several sizes, and compared with the NumPy
meaning of its graph. Status 0: all outputs within the allowed error, 1: not.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path
from typing import Any

from mgecc.commands._model import chosen
from mgecc.commands._options import add_build, add_json, add_model, add_products, add_target
from mgecc.commands._output import note, show
from mgecc.commands._session import open_session
from mgecc.config import ModelConfig, Verify, load_side
from mgecc.errors import DIFFERENT, InputError
from mgecc.references import engine_names
from mgecc.targets import load_target
from mgecc.toolrun.compare import OutputError, table
from mgecc.toolrun.graphs import lower_graphs
from mgecc.toolrun.input_files import read_inputs
from mgecc.toolrun.layers import first_divergence, layer_table, verify_layers
from mgecc.toolrun.open_inputs import as_recorded
from mgecc.toolrun.products import user_errors
from mgecc.toolrun.references import reference_outputs
from mgecc.toolrun.reports import ERRORS, read_report
from mgecc.toolrun.session import Session
from mgecc.toolrun.tensors import Arrays, Interface, ignored_arrays
from mgecc.toolrun.verify import verify
from mgecc.toolrun.verify_sizes import verify_sizes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_target(parser)
    add_build(parser)
    add_products(parser)
    add_json(parser)
    text = "a runner that your own toolchain has linked with the library; --products has report.json"
    parser.add_argument("--program", type=Path, metavar="FILE", help=text)
    parser.add_argument(
        "--inputs", type=Path, metavar="FILE", help="as --input of mgecc run; default: from model.yaml"
    )
    parser.add_argument(
        "--expected", type=Path, metavar="NPZ", help="recorded outputs; default: from model.yaml"
    )
    parser.add_argument(
        "--layers",
        action="store_true",
        help="compare what every layer gives with its NumPy meaning instead, or with the tensor of its name of "
        "--reference, and name the first that diverges",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="with --layers: write the errors, for `mgecc report --layers`",
    )
    parser.add_argument("--rtol", type=float, help="allowed error, relative to each expected number")
    parser.add_argument("--atol", type=float, help="allowed error, absolute")
    parser.add_argument(
        "--reference",
        choices=["recorded", *engine_names()],
        default="recorded",
        help="compare with recorded outputs (with --layers: NumPy's meaning), or with what another engine gives now: "
        "LiteRT, MegEngine, or for an ONNX file ONNX Runtime, else the standard's evaluator",
    )


def run(args: argparse.Namespace) -> int:
    if args.out and not args.layers:
        raise InputError("--out is for --layers")
    config = chosen(args)
    limits = _limits(config.verify, args)
    config, inputs = _with_inputs(config, args.inputs or config.verify.inputs)
    found: dict[str, list[OutputError]] = {}
    with open_session(args, config) as session:
        if args.layers:
            return _compare_layers(args, config, session, inputs)
        if inputs is not None:
            found = _compare_cases(args, config, session, inputs, limits)
        if config.sizes:
            compared = verify_sizes(session, config, limits)
            found |= {f"{one.target} {one.title}": one.errors for one in compared}
    lines = [
        f"{config.name} on {title}, {_cases(errors)}:\n{table(errors, limits.top)}"
        for title, errors in found.items()
    ]
    show(args, lines, lambda: {title: [_data(error) for error in errors] for title, errors in found.items()})
    return 0 if all(error.ok for errors in found.values() for error in errors) else DIFFERENT


def _with_inputs(config: ModelConfig, recorded: Path | None) -> tuple[ModelConfig, Arrays | None]:
    """The recorded inputs, and the configuration with what these tell; a model with declared sizes needs none."""
    if not recorded and config.sizes:
        return config, None
    inputs = read_inputs(config, _recorded(config, recorded, "inputs"), note)
    with user_errors(config):
        config, notes = as_recorded(config, inputs)
    for line in notes:
        note(line)
    return config, inputs


def _compare_cases(
    args: argparse.Namespace, config: ModelConfig, session: Session, inputs: Arrays, limits: Verify
) -> dict[str, list[OutputError]]:
    interface = session.fitting(inputs).interface
    for line in ignored_arrays(inputs, interface):
        note(line)
    return verify(session, inputs, _expected(config, args, inputs, interface), limits)


def _compare_layers(
    args: argparse.Namespace, config: ModelConfig, session: Session, inputs: Arrays | None
) -> int:
    if inputs is None:
        raise InputError("--layers needs recorded inputs: give --inputs")
    graphs = lower_graphs(config, load_target(args.target, args.cpu))
    with user_errors(config):
        engine = "" if args.reference == "recorded" else args.reference
        found = verify_layers(session, config, graphs, inputs, engine)
    rows = {target: [_finite(asdict(error)) for error in errors] for target, errors in found.items()}
    if args.out:
        args.out.write_text(_document(args, config.name, session.fitting(inputs), rows), encoding="utf-8")
    lines = (f"{config.name} on {target}:\n{layer_table(errors)}" for target, errors in found.items())
    show(args, lines, lambda: rows)
    return DIFFERENT if any(first_divergence(errors) for errors in found.values()) else 0


def _document(args: argparse.Namespace, model: str, session: Session, rows: Mapping[str, Any]) -> str:
    """Errors of all kernel sets, each with what tells its plan."""
    built, reference = (
        read_report(session.folder),
        "NumPy" if args.reference == "recorded" else args.reference,
    )
    plans = [
        {**asdict(built.named(model, member, session.shape_set)), "reference": reference, "steps": errors}
        for member, errors in enumerate(rows.values())
    ]
    return json.dumps({"format": ERRORS, "plans": plans}, indent=1) + "\n"


def _cases(errors: list[OutputError]) -> str:
    return "1 case" if errors[0].cases == 1 else f"{errors[0].cases} cases"


def _data(error: OutputError) -> dict[str, Any]:
    return _finite({**asdict(error), "of_peak": error.of_peak, "ok": error.ok})


def _finite(numbers: dict[str, Any]) -> dict[str, Any]:
    """Numbers that are not finite are null, as JSON has none."""
    return {k: None if isinstance(v, float) and not isfinite(v) else v for k, v in numbers.items()}


def _limits(recorded: Verify, args: argparse.Namespace) -> Verify:
    """Limits of model.yaml; a limit on the command line replaces them."""
    if args.rtol is None and args.atol is None:
        return recorded
    return replace(recorded, rtol=args.rtol or 0.0, atol=args.atol or 0.0, max_abs_of_peak=0.0, max_steps=0.0)


def _recorded(config: ModelConfig, path: Path | None, what: str) -> Path:
    if path is None:
        beside = config.model.with_suffix(".npz").name
        ways = f"give --{what}, put {beside} (arrays in.NAME and out.K) beside the model, or 'verify:' in model.yaml"
        raise InputError(f"no recorded {what} of {config.name}: {ways}")
    return path


def _expected(config: ModelConfig, args: argparse.Namespace, inputs: Arrays, interface: Interface) -> Arrays:
    """Outputs to compare with, recorded or computed by another engine."""
    if args.reference == "recorded":
        return load_side(_recorded(config, args.expected or config.verify.expected, "expected"), "out")
    return reference_outputs(args.reference, config, inputs, interface)
