"""Compiling a model file or model.yaml and writing its products; the one way in for worker, command line and tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from mgecc import compiler
from mgecc.config import (
    ConfigError,
    LibraryConfig,
    ModelConfig,
    check_model_name,
    check_name,
    is_megcc,
    load_config,
    load_megcc,
)
from mgecc.config.load import default_verify
from mgecc.cv import find_cv_functions
from mgecc.emit import laid_out
from mgecc.errors import INPUT, InputError, Reported
from mgecc.kernels.render import render_kernel
from mgecc.names import function_output_names, library_output_names, members, output_names
from mgecc.request import CompileRequest
from mgecc.targets import Target, load_target
from mgecc.toolrun.open_inputs import with_declared_sizes
from mgecc.toolrun.process import write_atomically
from mgecc.toolrun.sources import public_headers


def read_any(
    path: Path, name: str = "", optimize: str = "", complete: bool = True
) -> ModelConfig | LibraryConfig:
    """Configuration from a model.yaml, a plain one for a bare model file, or several models from MegCC's JSON.

    Name and goal can be overruled. ``complete``: all model files of several must be there. Raises InputError.
    """
    why = check_model_name(name) if name else None
    if why:
        raise InputError(f"{why}; give another one")
    path = _in_folder(path)
    try:
        if is_megcc(path):
            return load_megcc(path, name, optimize, complete)
        config = (
            load_config(path, name)
            if path.suffix in (".yaml", ".yml", ".json")
            else _config_of_model_file(path)
        )
    except ConfigError as error:
        raise InputError(str(error)) from None
    config = replace(config, name=name or config.name, optimize=optimize or config.optimize)
    with user_errors(config):
        return with_declared_sizes(config)


def read_request(request: CompileRequest) -> ModelConfig | LibraryConfig:
    """What a build asks for, with its limits and threads for every model. Raises InputError."""
    if request.functions:
        return read_functions(request.functions, request.name)
    if request.several:
        paths = [Path(path) for path in request.several]
        return _with_numbers(read_several(paths, request.name, request.optimize), request)
    return _with_numbers(read_any(Path(request.config), request.name, request.optimize), request)


def _with_numbers(
    config: ModelConfig | LibraryConfig, request: CompileRequest
) -> ModelConfig | LibraryConfig:
    numbers: dict[str, Any] = {"threads": request.threads, "flash": request.flash, "ram": request.ram}
    numbers = {key: number for key, number in numbers.items() if number is not None}
    if isinstance(config, LibraryConfig):
        models = (_with_numbers(model, request) for model in config.models)
        return replace(config, models=tuple(model for one in models for model in one.models))
    places = {key: place for key, place in config.places.items() if key not in numbers}
    return replace(config, places=places, **numbers)


def read_several(paths: Sequence[Path], name: str, optimize: str = "") -> LibraryConfig:
    """The models of several configurations as one library called ``name``. Raises InputError with all mistakes."""
    models: list[ModelConfig] = []
    errors = [why for why in [check_name(name)] if why]
    for path in paths:
        try:
            models += read_any(path, "", optimize).models
        except InputError as error:
            errors.append(str(error))
    if errors:
        raise InputError("\n".join(errors))
    cv = tuple(sorted({function for model in models for function in model.cv}))
    return LibraryConfig(paths[0], name, tuple(models), cv=cv)


def read_functions(functions: dict[str, list[str]], name: str) -> LibraryConfig:
    """Image functions, by name with their element types, as a library without models. Raises InputError."""
    why = check_name(name)
    if why:
        raise InputError(why)
    chosen = tuple(sorted({(function, dtype) for function, dtypes in functions.items() for dtype in dtypes}))
    try:
        find_cv_functions(chosen)
    except KeyError as error:
        raise InputError(str(error.args[0])) from None
    return LibraryConfig(Path(name), name, (), cv=chosen)


def read_config(path: Path, name: str = "", optimize: str = "") -> ModelConfig:
    """Like ``read_any`` for one model; of several, the one called ``name``. Raises InputError."""
    several = is_megcc(path)
    config = read_any(path, "" if several else name, optimize)
    found = [model for model in config.models if not several or name in ("", model.name)]
    if len(found) == 1:
        return found[0]
    if not config.models:
        raise InputError(f"{path} has no models, only image functions")
    names = ", ".join(model.name for model in config.models)
    if name:
        raise InputError(f"{path} has no model {name}, but {names}: say one of these with --name")
    raise InputError(f"{path} has the models {names}: say which one with --name")


def _in_folder(path: Path) -> Path:
    """The configuration of a folder, such as mgecc export makes; another path as it is. Raises InputError."""
    if not path.is_dir():
        return path
    if (path / "model.yaml").is_file():
        return path / "model.yaml"
    if (path / "saved_model.pb").is_file():
        raise InputError(
            f"{path}: this is a TensorFlow SavedModel, no model that is read (.mge, .onnx, .tflite); export it as ONNX"
        )
    raise InputError(f"{path}: a folder without model.yaml; name the model file, or a folder of mgecc export")


def _config_of_model_file(path: Path) -> ModelConfig:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    return ModelConfig(path=path, name=name_of_file(path), model=path, verify=default_verify(path))


def name_of_file(path: Path) -> str:
    """What the model of a bare model file is called."""
    name = re.sub(r"\W", "_", path.stem, flags=re.ASCII)
    return f"model_{name}"[:48] if check_model_name(name) else name


def compile_to_folder(config: ModelConfig | LibraryConfig, target: str, cpu: str, folder: Path) -> list[Path]:
    """Compile and write every product below ``folder``; returns their paths. Raises InputError."""
    return write_products(compile_products(config, target, cpu), config, folder)


def product_names(config: ModelConfig | LibraryConfig, target: Target) -> list[str]:
    """Names of all files that ``compile_products`` gives."""
    if isinstance(config, ModelConfig):
        return output_names(config.name, target.spec, target.cpu, bool(config.cv))
    if not config.models:
        return function_output_names(config.name, target.spec, target.cpu)
    return library_output_names(config, target.spec, target.cpu)


def write_products(
    products: compiler.Products, config: ModelConfig | LibraryConfig, folder: Path
) -> list[Path]:
    """Write what was compiled below ``folder``, and the runtime's headers that it includes; returns the paths."""
    headers = {path.name: path.read_bytes() for path in public_headers(bool(config.cv))}
    return write_files(products.files | headers, folder)


def write_files(files: dict[str, bytes], folder: Path) -> list[Path]:
    for name, data in files.items():
        write_atomically(folder / name, data)
    return [folder / name for name in files]


def compile_products(config: ModelConfig | LibraryConfig, target: str, cpu: str = "") -> compiler.Products:
    """Compile, writing nothing. Raises InputError for anything that is the model's or the user's fault."""
    with user_errors(config):
        if isinstance(config, LibraryConfig) and not config.models:
            return compiler.compile_functions(config, target, cpu)
        if isinstance(config, LibraryConfig):
            return compiler.compile_models(config, target, cpu)
        return compiler.compile_model(config, target, cpu)


def readable_products(config: ModelConfig | LibraryConfig, target: str, cpu: str = "") -> compiler.Products:
    """As ``compile_products``, with C laid out for those who read it."""
    products = compile_products(config, target, cpu)
    with user_errors(config):
        return replace(products, files=laid_out(products.files))


@contextmanager
def user_errors(config: ModelConfig | LibraryConfig | str) -> Iterator[None]:
    """Everything that is the model's or the user's fault becomes an InputError that names the file, or the given text.

    Numbers that are not finite, as forged models have them, are no reason for warnings.
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except Reported as error:
        if error.status != INPUT:
            raise
        raise InputError(error.about(_file(config))) from None
    except OSError as error:
        raise InputError(f"{error.filename or _file(config)}: {error.strerror or error}") from None


def _file(config: ModelConfig | LibraryConfig | str) -> str:
    if isinstance(config, str):
        return config
    return config.path.name if isinstance(config, LibraryConfig) else config.model.name


def kernel_texts(products: compiler.Products, target: Target) -> dict[str, bytes]:
    """A C file per kernel, to read: ``kernels/SYMBOL.c``, below the member's name for a combined target."""
    texts = {}
    for member, program in zip(cycle(members(target)), products.programs):
        single = load_target(member) if target.members else target
        prefix = f"{member}/" if target.members else ""
        for kernel in program.kernels:
            texts[f"{prefix}kernels/{kernel.symbol}.c"] = render_kernel(kernel, single).encode()
    return laid_out(texts)
