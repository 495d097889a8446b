"""Compiling a model file or model.yaml and writing its products; the one way in for worker, command line and tests."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from mgecc.config import ConfigError, ModelConfig, check_name, load_config
from mgecc.toolrun.process import write_atomically


class InputError(Exception):
    """Something the user gave cannot be used; ``str`` is one line, or several problems one a line."""


def read_config(path: Path, name: str = "", optimize: str = "") -> ModelConfig:
    """Configuration from a model.yaml, or a plain one for a bare model file; name and goal can be overruled.

    Raises InputError.
    """
    if path.suffix in (".yaml", ".yml", ".json"):
        try:
            config = load_config(path)
        except ConfigError as error:
            raise InputError(str(error)) from None
    else:
        config = _config_of_model_file(path)
    why = check_name(name) if name else None
    if why:
        raise InputError(why)
    return replace(config, name=name or config.name, optimize=optimize or config.optimize)


def _config_of_model_file(path: Path) -> ModelConfig:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    name = re.sub(r"\W", "_", path.stem, flags=re.ASCII)
    if check_name(name):
        name = f"model_{name}"[:48]
    return ModelConfig(path=path, name=name, model=path)


def compile_to_folder(config: ModelConfig, target: str, cpu: str, folder: Path) -> list[Path]:
    """Compile and write every product below ``folder``; returns their paths. Raises InputError."""
    files = compile_files(config, target, cpu)
    for name, data in files.items():
        write_atomically(folder / name, data)
    return [folder / name for name in files]


def compile_files(config: ModelConfig, target: str, cpu: str = "") -> dict[str, bytes]:
    """Products by name. Raises InputError for anything that is the model's or the user's fault."""
    from mgecc import compiler
    from mgecc.frontends.mge import MgeError
    from mgecc.graph.diagnostics import CompileError, Unsupported
    from mgecc.targets import TargetError

    try:
        return compiler.compile_model(config, target, cpu).files
    except (CompileError, MgeError, TargetError) as error:
        raise InputError(str(error)) from None
    except Unsupported as error:
        raise InputError(f"{config.model.name}: {error.why}; {error.advice}".rstrip("; ")) from None
    except OSError as error:
        raise InputError(f"{config.model}: {error.strerror or error}") from None
