"""mgecc export: a MegEngine network in Python -> a model folder ready for the build.

The folder holds ``<name>.mge``, ``model.yaml``, and recorded ``inputs.npz`` and ``expected.npz``; the expected outputs
come from running the written file, not the Python code, with MegEngine. Only this module needs MegEngine, which runs on
Python 3.10 and older, and only inside its functions.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import sysconfig
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mgecc.config import CasesError, check_model_name, format_config, load_cases, save_cases
from mgecc.errors import FAILED, INPUT

Arrays = Mapping[str, np.ndarray]

_DTYPES = ("float32", "float16", "int32", "int16", "int8", "uint8", "bool")
_MAX_ELEMENTS = 1 << 28


class ExportError(Exception):
    """The network cannot be exported; the text is one line for the user."""


class MegEngineMissing(ExportError):
    """MegEngine, which writes and runs the reference, is not installed."""


@dataclass(frozen=True)
class ExportOptions:
    """What may be said about an export.

    ``cases``: recorded inputs, each with a leading axis of cases (default: the sample inputs as the only case).
    ``outputs``: names of the outputs. ``dump``: further arguments of ``trace.dump``, such as ``enable_nchw44=True``,
    which take effect with ``optimize_for_inference``. ``config``: further keys of model.yaml. ``labels``: class names.
    ``extra``: arrays for inputs.npz that are no inputs, such as the true classes.
    """

    cases: Arrays | None = None
    outputs: Sequence[str] = ()
    optimize_for_inference: bool = False
    dump: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    labels: Sequence[str] = ()
    extra: Arrays = field(default_factory=dict)


def export(net: Any, sample_inputs: Arrays, folder: Path | str, name: str, **options: Any) -> Path:
    """Trace ``net``, dump it and write its model folder; returns the path of model.yaml.

    ``net`` is a MegEngine Module, a function of tensors or a ``trace`` of one; ``sample_inputs`` are its arguments in
    order, with the names the inputs shall have and the shapes the file shall be made for. ``options`` are the fields
    of ExportOptions. Raises ExportError.
    """
    settings = ExportOptions(**options)
    why = check_model_name(name)
    if why:
        raise ExportError(why)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    results = dump(net, sample_inputs, target / f"{name}.mge", settings)
    if not settings.optimize_for_inference:
        check_dump(target / f"{name}.mge", sample_inputs, results)
    cases = settings.cases or {key: np.asarray(value)[None] for key, value in sample_inputs.items()}
    return write_folder(target, name, cases, settings)


def dump(net: Any, sample_inputs: Arrays, path: Path, settings: ExportOptions) -> list[np.ndarray]:
    """Trace ``net`` on the sample inputs and write the .mge file; returns what the network itself gives for them."""
    megengine = _megengine()
    trace = importlib.import_module("megengine.jit").trace
    if isinstance(net, megengine.module.Module):
        net.eval()
    traced = (
        net if isinstance(net, trace) else trace(_plain_function(net), symbolic=True, capture_as_const=True)
    )
    tensors = [megengine.tensor(np.ascontiguousarray(value)) for value in sample_inputs.values()]
    try:
        results = traced(*tensors)
    except Exception as error:  # whatever the user's code or MegEngine raises
        raise ExportError(f"{_place(error)}the network cannot be traced: {_first_line(error)}") from error
    traced.dump(
        str(path),
        arg_names=list(sample_inputs),
        output_names=list(settings.outputs) or None,
        optimize_for_inference=settings.optimize_for_inference,
        **settings.dump,
    )
    found = results if isinstance(results, (tuple, list)) else [results]
    return [_plain_array(tensor.numpy()) for tensor in found]


def check_dump(path: Path, inputs: Arrays, expected: Sequence[np.ndarray]) -> None:
    """Raise ExportError if the file, run by MegEngine, does not give what the network did; it is deleted then."""
    for k, (got, want) in enumerate(zip(reference(path, inputs), expected)):
        largest = float(np.abs(want[np.isfinite(want)], dtype=np.float64).max(initial=0))
        if got.shape != want.shape or not np.allclose(
            got, want, rtol=1e-2, atol=1e-2 * largest, equal_nan=True
        ):
            path.unlink()
            raise ExportError(
                f"{path.name} does not compute what the network does: output {k} of MegEngine itself is another one "
                "once it was dumped, as happens to F.clip with two numbers and to F.sign (write "
                "F.minimum(F.maximum(x, lower), upper), or compare with 0)"
            )


def _place(error: Exception) -> str:
    """The innermost line of the user's, as file:line; empty if there is none."""
    installed = (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), str(Path(__file__).parent))
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith((*installed, "<"))]
    return f"{own[-1].filename}:{own[-1].lineno}: " if own else ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _plain_function(net: Callable[..., Any]) -> Callable[..., Any]:
    def function(*tensors: Any) -> Any:
        return net(*tensors)

    return function


def write_folder(folder: Path, name: str, cases: Arrays, settings: ExportOptions) -> Path:
    """Write everything that belongs beside ``<folder>/<name>.mge``, which must be there; returns model.yaml's path."""
    expected = reference_cases(folder / f"{name}.mge", cases)
    inputs = {f"in.{key}": np.asarray(value) for key, value in cases.items()}
    save_cases(folder / "inputs.npz", {**settings.extra, **inputs})
    save_cases(folder / "expected.npz", {f"out.{k}": value for k, value in enumerate(expected)})
    if settings.labels:
        (folder / "labels.txt").write_text("\n".join(settings.labels) + "\n", encoding="utf-8", newline="\n")
    path = folder / "model.yaml"
    path.write_text(_config_text(folder, name, settings), encoding="utf-8", newline="\n")
    return path


def _config_text(folder: Path, name: str, settings: ExportOptions) -> str:
    values: dict[str, Any] = {"model": f"{name}.mge"}
    if folder.absolute().name != name:
        values["name"] = name
    values.update((key, value) for key, value in settings.config.items() if key != "verify")
    if settings.labels:
        values["labels"] = "labels.txt"
    files = {"inputs": "inputs.npz", "expected": "expected.npz"}
    values["verify"] = {**files, **settings.config.get("verify", {})}
    return format_config(values)


@dataclass(frozen=True)
class Reference:
    """A .mge file in MegEngine. ``run``: arrays for ``inputs`` by name -> outputs in the file's order, and if they were
    asked for, all variables by name."""

    inputs: Sequence[str]
    run: Callable[[Arrays], tuple[list[np.ndarray], dict[str, np.ndarray]]]


def reference(mge_path: Path | str, inputs: Arrays) -> list[np.ndarray]:
    """MegEngine's outputs of a .mge file for one case, in the file's order.

    ``inputs`` has an array for every input name, of the shape and type the file expects. Raises ExportError.
    """
    return load_reference(mge_path).run(inputs)[0]


def reference_cases(mge_path: Path | str, cases: Arrays) -> list[np.ndarray]:
    """Like ``reference`` for stacked cases: arrays with a leading axis of cases in, the same out."""
    counts = sorted({len(value) for value in cases.values()})
    if len(counts) != 1 or counts[0] == 0:
        raise ExportError(f"inputs must have the same number of cases, at least one; they have {counts}")
    run = load_reference(mge_path).run
    results = [run({key: value[i] for key, value in cases.items()})[0] for i in range(counts[0])]
    return [np.stack(outputs) for outputs in zip(*results, strict=True)]


def load_reference(mge_path: Path | str, every: bool = False) -> Reference:
    """Load a .mge file in MegEngine; ``every``: all variables are wanted. Raises ExportError.

    MegEngine's GraphInference returns outputs by name and so loses all but one of equally named ones.
    """
    megengine = _megengine()
    network = importlib.import_module("megengine.utils.comp_graph_tools")
    try:
        with open(mge_path, "rb") as file:
            loaded = network.G.load_graph(file)
    except OSError as error:
        raise ExportError(f"cannot read {mge_path}: {error.strerror}") from None
    except RuntimeError as error:
        raise ExportError(f"MegEngine cannot load {mge_path}: {str(error).splitlines()[0]}") from None
    variables, inputs = network.convert_inputs(loaded.output_vars_list)
    named = _computed(network, variables) if every else {}
    outputs = [network.G.OutputNode(variable) for variable in [*variables, *named.values()]]
    compiled = loaded.graph.compile([node.outputs[0] for node in outputs])

    def run(values: Arrays) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
        if sorted(values) != sorted(inputs):
            raise ExportError(f"{mge_path} has inputs {sorted(inputs)}, given were {sorted(values)}")
        for key, node in inputs.items():
            node.set_value(megengine.Tensor(np.ascontiguousarray(values[key]))._dev_tensor())
        compiled.execute()
        compiled.wait()
        arrays = [_plain_array(node.get_value().numpy()) for node in outputs]
        return arrays[: len(variables)], dict(zip(named, arrays[len(variables) :]))

    return Reference(list(inputs), run)


def _computed(network: Any, variables: Sequence[Any]) -> dict[str, Any]:
    """By name, the first result of every operator that reads something."""
    sequence = network.get_oprs_seq(variables, prune_reshape=False)
    return {opr.outputs[0].name: opr.outputs[0] for opr in sequence if opr.inputs}


def _plain_array(value: np.ndarray) -> np.ndarray:
    """A copy without the quantisation notes MegEngine hangs on element types."""
    return np.array(value).view(np.dtype(value.dtype.str))


def _megengine() -> Any:
    try:
        megengine = importlib.import_module("megengine")
        importlib.import_module("megengine.module")
    except ImportError as error:
        raise MegEngineMissing(
            f"MegEngine cannot be loaded ({error}); it runs on Python 3.10 and older: "
            "pip install '.[megengine]' in a checkout of mgecc"
        ) from None
    return megengine


def parse_input(text: str) -> tuple[str, tuple[int, ...], str]:
    """'data=1x3x224x224' or 'data=1x3x224x224:uint8' -> name, shape, element type (float32 if not given)."""
    name, _, rest = text.partition("=")
    shape_text, _, dtype = rest.partition(":")
    extents = shape_text.split("x")
    shape = tuple(int(e) for e in extents) if all(e.isdecimal() and len(e) < 10 for e in extents) else ()
    if not name or not shape or 0 in shape or (dtype or "float32") not in _DTYPES:
        raise ExportError(f"'{text}' is not an input; write NAME=1x3x224x224 or NAME=1x3x224x224:uint8")
    if np.prod(shape, dtype=np.float64) > _MAX_ELEMENTS:
        raise ExportError(f"'{text}' has more than {_MAX_ELEMENTS} elements")
    return name, shape, dtype or "float32"


def random_array(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Numbers for a trial run: standard normal floats, or the whole range of a byte for integers."""
    if dtype.startswith("float"):
        return generator.standard_normal(shape, np.float32).astype(dtype)
    low, high = {"bool": (0, 2), "int8": (-128, 128)}.get(dtype, (0, 256))
    return generator.integers(low, high, shape).astype(dtype)


def load_factory(text: str) -> Callable[[], Any]:
    """'package.module:factory' -> the function, looked up from the current folder first like ``python -m``."""
    module_name, _, attribute = text.partition(":")
    if not module_name or not attribute:
        raise ExportError(f"'{text}' is not package.module:factory")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        factory: object = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise ExportError(f"cannot find {text}: {error}") from None
    if not callable(factory):
        raise ExportError(f"{text} is not a function that returns a module")
    return factory


def make_network(text: str) -> Callable[..., Any]:
    """What the factory ``text`` returns: a Module, or a function of tensors."""
    net: object = load_factory(text)()
    if not callable(net):
        raise ExportError(f"{text} returned {type(net).__name__}, not a module or a function of tensors")
    return net


def export_main(argv: Sequence[str] | None = None) -> int:
    """``mgecc export`` with these arguments; see ``export_command``."""
    # That module imports this one.
    from mgecc.commands.export import add_arguments

    parser = argparse.ArgumentParser(prog="mgecc export")
    add_arguments(parser)
    return export_command(parser.parse_args(argv))


def export_command(args: argparse.Namespace) -> int:
    """What ``mgecc export`` does; returns 0, or 2 after one line on standard error, 3 without MegEngine."""
    try:
        path = _export_args(args)
    except (ExportError, CasesError) as error:
        print(f"mgecc: error: {error}", file=sys.stderr)
        return FAILED if isinstance(error, MegEngineMissing) else INPUT
    except OSError as error:
        print(f"mgecc: error: {error.filename or args.out}: {error.strerror or error}", file=sys.stderr)
        return INPUT
    print(path)
    return 0


def _export_args(args: argparse.Namespace) -> Path:
    from mgecc import export_onnx  # which imports this module

    file = Path(args.factory)
    if export_onnx.is_onnx(file):
        return export_onnx.export_onnx(file, args)
    specs = [parse_input(text) for text in args.input or ()]
    if not specs:
        raise ExportError("the inputs of a network in Python must be named: --input data=1x3x224x224")
    _megengine()
    cases = _recorded(args.inputs, specs) if args.inputs else _random_cases(args.seed, specs)
    return export(
        make_network(args.factory),
        {name: cases[name][0] for name, _, _ in specs},
        args.out,
        args.name or args.out.absolute().name,
        cases=cases,
        outputs=args.output,
        optimize_for_inference=args.optimize_for_inference,
        config={key: getattr(args, key) for key in ("description", "licence") if getattr(args, key)},
    )


def _random_cases(seed: int, specs: list[tuple[str, tuple[int, ...], str]]) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {name: random_array(generator, (1, *shape), dtype) for name, shape, dtype in specs}


def _recorded(path: Path, specs: list[tuple[str, tuple[int, ...], str]]) -> dict[str, np.ndarray]:
    """Arrays ``in.<name>`` or ``<name>`` of a .npz; one of the exact input shape is a single case."""
    arrays = load_cases(path)
    cases = {}
    for name, shape, dtype in specs:
        array = arrays.get(f"in.{name}", arrays.get(name))
        if array is None:
            raise ExportError(f"{path} has no array 'in.{name}'; it has {', '.join(arrays)}")
        stacked = array[None] if array.shape == shape else array
        if stacked.shape[1:] != shape or array.dtype != dtype:
            raise ExportError(
                f"{path}: 'in.{name}' is {array.dtype}{list(array.shape)}, not {dtype}{list(shape)}"
            )
        cases[name] = stacked
    return cases
