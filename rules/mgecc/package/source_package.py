"""A package of C files, made of what the compiler gives; no C is compiled for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mgecc.package.backend import backend_files, package_files
from mgecc.package.components import plain_component
from mgecc.package.source_tree import source_component, source_tree, with_headers
from mgecc.targets import Target

if TYPE_CHECKING:
    from mgecc.config import LibraryConfig, ModelConfig


def source_names(
    config: ModelConfig | LibraryConfig, outputs: Iterable[str], target: Target, form: str = "sources"
) -> list[str]:
    """Paths of all files of the package but the licences, before anything is compiled. Raises TargetError."""
    tree = source_tree(outputs, Path(), with_headers(config.sources))
    return backend_files(
        form, config.name, target.spec, target.cpu, tree, plain_component(config, target.spec).version
    )


def source_package(
    config: ModelConfig | LibraryConfig,
    outputs: Iterable[str],
    folder: Path,
    target: str,
    cpu: str = "",
    form: str = "sources",
) -> dict[str, bytes]:
    """All files of the package by path. ``outputs``: products of the compiler, which lie in ``folder``.

    Raises TargetError for a target of several kernel sets, OSError.
    """
    tree = source_tree(outputs, folder, with_headers(config.sources))
    return package_files(form, source_component(plain_component(config, target, cpu), tree), target, cpu)
