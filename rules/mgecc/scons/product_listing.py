"""What the build must know of a configuration before anything is compiled: which files go in, and which come out."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from SCons.Errors import UserError

from mgecc import frontends
from mgecc.errors import InputError
from mgecc.names import library_output_names, names_of_library, output_names
from mgecc.targets import Target, TargetError
from mgecc.toolrun.terminal import printable

if TYPE_CHECKING:
    from mgecc.config import LibraryConfig


@dataclass(frozen=True)
class Contents:
    """``outputs``: what the compiler writes. ``models``: names of the models. ``reads``: files of the user's that
    decide what it writes, besides the configuration. ``beside``: files that constants of these models lie in.
    ``sources``: C files of the user's for the library. ``sizes``:
    some model has declared sizes. ``threads``: some model's calls are partitioned over threads. ``trusted``: some
    model opens its blob without checks."""

    outputs: list[str]
    models: list[str]
    reads: list[Path]
    sources: list[Path]
    sizes: bool = False
    threads: bool = False
    beside: tuple[Path, ...] = ()
    trusted: bool = False
    bound: bool = False


def contents(path: Path, name: str, target: Target, peeked: dict[str, Any]) -> Contents:
    """Of a model.yaml (``peeked``: its content), a model file, or MegCC's JSON of several models."""
    if _is_megcc(path):
        return _of_library(path, name, target)
    folder = path.parent
    outputs = output_names(name, target.spec, target.cpu, bool(peeked.get("cv")))
    kernels = _texts(_entries(peeked, "kernels").values())
    given = [entry for entry in _entries(peeked, "custom").values() if isinstance(entry, dict)]
    sources = [*_texts(entry.get("source") for entry in given), *(k for k in kernels if k.endswith(".c"))]
    model = _texts([peeked.get("model")])
    return Contents(
        outputs,
        [name],
        [folder / p for p in (*model, *kernels)],
        [folder / p for p in dict.fromkeys(sources)],
        bool(_entries(peeked, "sizes")),
        peeked.get("threads") not in (None, 1),
        tuple(data_files(folder / model[0] if model else path)),
        peeked.get("verify_blob") in ("once", "never"),
        any(place != "arena" for place in _entries(peeked, "buffers").values()),
    )


def data_files(model: Path) -> list[Path]:
    """Files that constants of a model file lie in, as far as it is there and says so."""
    try:
        with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            names = _names_beside(data)
    except (OSError, ValueError):  # ValueError: it is empty
        return []
    return [model.parent / name for name in names]


def _names_beside(data: mmap.mmap) -> list[str]:
    with memoryview(data) as view:
        return frontends.files_beside(view)


def contents_of_several(given: list[Contents], name: str, target: Target, cv: bool) -> Contents:
    """Of a library with the models of ``given``; ``cv``: it has image functions."""
    models = [model for one in given for model in one.models]
    return Contents(
        names_of_library(name, models, target.spec, target.cpu, cv),
        models,
        list(dict.fromkeys(path for one in given for path in one.reads)),
        list(dict.fromkeys(path for one in given for path in one.sources)),
        any(one.sizes for one in given),
        any(one.threads for one in given),
        tuple(dict.fromkeys(path for one in given for path in one.beside)),
        any(one.trusted for one in given),
        any(one.bound for one in given),
    )


def _entries(peeked: dict[str, Any], key: str) -> dict[Any, Any]:
    value = peeked.get(key)
    return value if isinstance(value, dict) else {}


def _texts(values: Iterable[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _of_library(path: Path, name: str, target: Target) -> Contents:
    library = _library(path, name)
    names = library_output_names(library, target.spec, target.cpu)
    reads = [model.model.absolute() for model in library.models]
    beside = tuple(dict.fromkeys(path for model in reads for path in data_files(model)))
    return Contents(names, [model.name for model in library.models], reads, library.sources, beside=beside)


def _is_megcc(path: Path) -> bool:
    if path.suffix != ".json":
        return False
    from mgecc.config import is_megcc  # loads NumPy, which null builds do without

    return is_megcc(path)


def functions_without_models(path: Path) -> dict[str, list[str]]:
    """Image functions with their element types of MegCC's JSON that has no models; empty for anything else."""
    library = _library(path, "functions") if _is_megcc(path) else None
    functions: dict[str, list[str]] = {}
    for function, dtype in library.cv if library and not library.models else ():
        functions.setdefault(function, []).append(dtype)
    return functions


def _library(path: Path, name: str) -> LibraryConfig:
    from mgecc.config import ConfigError, load_megcc  # loads NumPy, which null builds do without

    try:
        return load_megcc(path, name)
    except ConfigError as error:
        raise UserError(printable(str(error))) from None


def in_folder(path: Path) -> Path:
    """The configuration of a folder, such as mgecc export makes; another path as it is."""
    return path / "model.yaml" if os.path.isdir(path) else path


def named_config(path: Path) -> dict[str, str]:
    """The configuration of ``config=`` by the name of its library; says what in it has no effect.

    Raises TargetError where it cannot be used.
    """
    # They load NumPy, which null builds do without.
    from mgecc.config import is_megcc, load_megcc
    from mgecc.toolrun.products import read_any

    path = in_folder(path)
    if not os.path.isfile(path):
        raise TargetError(f"config={path}: there is no such file")
    try:
        name = read_any(path).name
    except InputError as error:
        raise TargetError(str(error)) from None
    for note in load_megcc(path).notes if is_megcc(path) else ():
        print(printable(note))
    return {name: path.as_posix()}
