"""The files that a compilation makes, by name, and the identity of the compiler: known before anything is compiled.

Loads no NumPy: builds that have nothing to do need no more of the compiler than this.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mgecc.targets import Target, load_target

if TYPE_CHECKING:
    from mgecc.config import LibraryConfig


def members(target: Target) -> tuple[str, ...]:
    """Names of the kernel sets of a target: its members if it combines several, else itself."""
    return target.members or (target.name,)


def singles(target: Target) -> list[Target]:
    """The targets of its kernel sets, in the same order."""
    return [load_target(member) for member in target.members] or [target]


def own_names(model: str) -> list[str]:
    """Names of a model's own files: header, blob and embedding."""
    return [f"{model}.h", f"{model}.blob", f"{model}_blob.S"]


def kernel_file(model: str, target: Target, member: str) -> str:
    """Name of the kernels' C file of one member, below the model's build folder."""
    return f"{member}/{model}_kernels.c" if target.members else f"{model}_kernels.c"


def cv_file(model: str, target: Target, member: str) -> str:
    """Name of the C file with the image functions of one member."""
    return f"{member}/{model}_cv.c" if target.members else f"{model}_cv.c"


def output_names(model: str, target_name: str, cpu: str = "", cv: bool = False) -> list[str]:
    """Names of all files that ``compile_model`` gives. ``cv``: the configuration names image functions."""
    target = load_target(target_name, cpu)
    kernels = [kernel_file(model, target, member) for member in members(target)]
    images = function_output_names(model, target_name, cpu) if cv else []
    return [*own_names(model), *kernels, *images, "report.json"]


def function_output_names(name: str, target_name: str, cpu: str = "") -> list[str]:
    """Names of all files that ``compile_functions`` gives."""
    target = load_target(target_name, cpu)
    return [f"{name}_cv.h", *(cv_file(name, target, member) for member in members(target))]


def library_output_names(library: LibraryConfig, target_name: str, cpu: str = "") -> list[str]:
    """Names of all files that ``compile_models`` gives."""
    models = [model.name for model in library.models]
    return names_of_library(library.name, models, target_name, cpu, bool(library.cv))


def names_of_library(name: str, models: Sequence[str], target_name: str, cpu: str, cv: bool) -> list[str]:
    """Names of all files of a library of ``models``; ``cv``: with image functions."""
    shared = set(output_names(name, target_name, cpu, cv)) - set(own_names(name))
    return [*(file for model in models for file in own_names(model)), *sorted(shared)]


def compiler_files() -> list[Path]:
    """The compiler's modules, templates, headers and target files, sorted."""
    root = Path(__file__).parent
    return sorted(p for p in root.rglob("*") if p.suffix in (".py", ".j2", ".h", ".yaml", ".json"))


@cache
def compiler_id() -> str:
    """Digest of the compiler: its modules, templates, headers and target files. Changes whenever results may."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in compiler_files():
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
