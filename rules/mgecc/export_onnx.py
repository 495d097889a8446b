"""mgecc export of an ONNX file: a model folder with recorded inputs and what the network gives for them.

ONNX Runtime computes the outputs where it is installed, else the reference evaluator of the package onnx.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mgecc import frontends
from mgecc.config import check_model_name, format_config, load_cases, save_cases
from mgecc.export import ExportError, parse_input, random_array
from mgecc.frontends.onnx import recognises
from mgecc.references import EngineError, open_engine, run_cases

Arrays = Mapping[str, np.ndarray]
_HIGHEST = {"int64": 2, "int32": 2, "bool": 2}
"""Above the random numbers of wide integers, which may be positions; bytes have their whole range."""


def is_onnx(path: Path) -> bool:
    """Whether a file is an ONNX model."""
    return path.is_file() and recognises(path.read_bytes())


def reference_cases(path: Path, cases: Arrays) -> list[np.ndarray]:
    """What an ONNX model gives for cases, stacked on a leading axis: outputs in the file's order, stacked likewise.

    Raises ExportError.
    """
    try:
        results = run_cases(open_engine("onnx", path), cases, {})
    except EngineError as error:
        raise ExportError(str(error)) from None
    return [np.stack(outputs) for outputs in zip(*(result.outputs for result in results))]


def _inputs(path: Path) -> dict[str, tuple[tuple[int | str, ...], np.dtype]]:
    """Sizes and element types of the inputs by name."""
    from mgecc.frontends.onnx.inputs import declared_inputs  # loads onnx

    return declared_inputs(path.read_bytes())


def export_onnx(path: Path, args: argparse.Namespace) -> Path:
    """Write the model folder ``args.out``; returns the path of model.yaml. Raises ExportError, CasesError, OSError."""
    why = check_model_name(args.name or args.out.absolute().name)
    if why:
        raise ExportError(why)
    declared = _inputs(path)
    given = {name: (shape, dtype) for name, shape, dtype in map(parse_input, args.input or [])}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise ExportError(f"{path.name} has no input {unknown[0]}; it has {', '.join(declared)}")
    cases = _recorded(args.inputs, declared) if args.inputs else _random(args.seed, declared, given)
    expected = reference_cases(path, cases)
    args.out.mkdir(parents=True, exist_ok=True)
    for name in [path.name, *frontends.files_beside(memoryview(path.read_bytes()))]:
        _copy(path.parent / name, args.out / name)
    save_cases(args.out / "inputs.npz", {f"in.{name}": value for name, value in cases.items()})
    save_cases(args.out / "expected.npz", {f"out.{k}": value for k, value in enumerate(expected)})
    config: Path = args.out / "model.yaml"
    config.write_text(_config_text(path.name, args, declared, cases), encoding="utf-8", newline="\n")
    return config


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not (target.exists() and target.samefile(source)):
        shutil.copyfile(source, target)


def _recorded(path: Path, declared: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Arrays ``in.NAME`` or ``NAME``, each with its cases, or of one."""
    arrays, cases = load_cases(path), {}
    for name, (dims, dtype) in declared.items():
        array = arrays.get(f"in.{name}", arrays.get(name))
        if array is None:
            raise ExportError(f"{path} has no array 'in.{name}'; it has {', '.join(arrays)}")
        cases[name] = np.asarray(array if array.ndim == len(dims) + 1 else array[None], dtype)
    return cases


def _random(seed: int, declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    cases = {}
    for name, (dims, dtype) in declared.items():
        shape = given[name][0] if name in given else dims
        if any(isinstance(n, str) for n in shape):
            raise ExportError(
                f"the shape of the input {name} is open: give --input {name}=1x3x224x224 or --inputs"
            )
        if dtype.name in _HIGHEST:
            cases[name] = generator.integers(0, _HIGHEST[dtype.name], (1, *shape)).astype(dtype)
        else:
            cases[name] = random_array(generator, (1, *shape), dtype.name)
    return cases


def _config_text(file: str, args: argparse.Namespace, declared: Mapping[str, Any], cases: Arrays) -> str:
    name = args.name or args.out.absolute().name
    values: dict[str, Any] = {"model": file}
    values |= {"name": name} if args.out.absolute().name != name else {}
    values |= {key: getattr(args, key) for key in ("description", "licence") if getattr(args, key)}
    shapes = {
        name: {"shape": list(cases[name].shape[1:])}
        for name, (dims, _) in declared.items()
        if dims != cases[name].shape[1:]
    }
    values |= {"inputs": shapes} if shapes else {}
    return format_config({**values, "verify": {"inputs": "inputs.npz", "expected": "expected.npz"}})
