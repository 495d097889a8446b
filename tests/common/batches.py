"""Many models as one library with one program around it: compiled and linked once, and run by a test for each model.

To the runner, the models of a batch are the sets of input shapes of a single one, whose header is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from kept import folder_of, kept_programs
from mgecc.config import LibraryConfig, ModelConfig
from mgecc.emit import model_prefix
from mgecc.targets import Target
from mgecc.toolrun.library import Library, build_library
from mgecc.toolrun.products import compile_products, write_products
from mgecc.toolrun.runner import Runner, build_runner
from mgecc.toolrun.session import Session
from mgecc.toolrun.tensors import Interface, interfaces_by_model
from once import once

T = TypeVar("T")
NAME = "batch"
# All models that a target has today, as more share more kernels; a bound for linkers all the same.
_MOST_MODELS = 256
# Every model has an arena of its own, with nothing behind its last byte.
_HEADER = """{includes}
#define BATCH_ARENA_SIZE 1u
#define BATCH_SHAPE_SETS 2 /* or more */

{arenas}
static inline mgecc_status batch_open_shapes({model} *m, unsigned k, void *none, size_t size)
{{
    switch (k) {{
{opens}
    }}
    return none && size ? MGECC_E_ARGUMENT : MGECC_E_ARENA;
}}

/* For another blob, which no test here gives to the runner. */
static inline mgecc_status batch_open_shapes_blob({model} *m, unsigned k, const void *blob, size_t bytes, void *none,
                                                  size_t size)
{{
    return m && blob && none && k + bytes + size ? MGECC_E_ARGUMENT : MGECC_E_ARENA;
}}
"""


@dataclass(frozen=True)
class Batch:
    """Programs, one for each kernel set, and the models in them with their inputs and outputs."""

    runners: tuple[Runner, ...]
    interfaces: dict[str, Interface]

    def session(self, model: str) -> Session:
        return _OneOfSeveral(
            (self.interfaces[model],), self.runners, position=[*self.interfaces].index(model)
        )


@dataclass(frozen=True)
class _OneOfSeveral(Session):
    """A model in a program of several."""

    position: int = 0

    @property
    def words(self) -> list[str]:
        return ["--shape-set", str(self.position), *super().words]


def session_in_batch(
    config: ModelConfig, selected: Sequence[ModelConfig], target: Target, folder: Path
) -> Session:
    """A model ready to run in one program with the others near it in ``selected``; built as ``in_batch`` says."""

    def build(models: Sequence[ModelConfig], own: Path) -> Batch:
        return build_batch(models, target, own, folder)

    return in_batch(config, selected, target, folder / NAME, build).session(config.name)


def in_batch(
    config: ModelConfig,
    selected: Sequence[ModelConfig],
    target: Target,
    folder: Path,
    build: Callable[[Sequence[ModelConfig], Path], T],
) -> T:
    """What ``build`` makes of a model and others near it in ``selected``, once for all processes with this ``folder``.

    Where they cannot be built together the model is built alone, so that each gets its own error.
    """
    start = selected.index(config) // _MOST_MODELS * _MOST_MODELS
    models = selected[start : start + _MOST_MODELS]
    made = once(folder_of(models, target, folder), lambda own: _build_or_none(models, own, build))
    return (
        once(folder_of([config], target, folder), lambda own: build([config], own)) if made is None else made
    )


def selected_cases(request: pytest.FixtureRequest, target: str) -> list[dict[str, Any]]:
    """Parameters of all tests of the same function that this run has selected, for one target if it has several."""
    tests = [item for item in request.session.items if getattr(item, "function", None) is request.function]
    found = [item.callspec.params for item in tests]
    return [params for params in found if params.get("target", target) == target]


def _build_or_none(
    models: Sequence[ModelConfig], folder: Path, build: Callable[[Sequence[ModelConfig], Path], T]
) -> T | None:
    try:
        return build(models, folder)
    except Exception:
        if len(models) == 1:
            raise
        return None


def build_batch(models: Sequence[ModelConfig], target: Target, folder: Path, shared: Path) -> Batch:
    products = folder / "products"
    config = LibraryConfig(folder, NAME, tuple(models))
    interfaces = compile_batch(config, target, products, shared)
    libraries = build_library(products, config, target, "zig")
    return Batch(tuple(_runner(lib, interfaces, folder / lib.target.name) for lib in libraries), interfaces)


def compile_batch(config: LibraryConfig, target: Target, folder: Path, shared: Path) -> dict[str, Interface]:
    """The products of all models and, for the runner, a header of them all; returns the models' interfaces."""
    products = compile_products(config, target.spec, target.cpu)
    write_products(products, config, folder)
    for model in config.models:
        made = tuple(program for program in products.programs if program.name == model.name)
        kept_programs(model, target, shared, lambda made=made: made)
    interfaces = {name: found[0] for name, found in interfaces_by_model(folder).items()}
    (folder / f"{NAME}.h").write_text(_header(interfaces))
    return interfaces


def _runner(library: Library, interfaces: Mapping[str, Interface], folder: Path) -> Runner:
    flash = library.archive.stat().st_size + sum(one.weights for one in interfaces.values())
    ram = sum(one.arena + 64 for one in interfaces.values()) + max(one.traffic for one in interfaces.values())
    return build_runner(library, "zig", flash, ram, folder, any(one.sizes for one in interfaces.values()))


def _header(interfaces: Mapping[str, Interface]) -> str:
    """What the runner takes for the header of a model with shape sets."""
    names = [(model_prefix(name), f"{model_prefix(name).upper()}_ARENA_SIZE") for name in interfaces]
    opens = [
        f"    case {k}: return {p}_open(m, arena{k}, sizeof arena{k});" for k, (p, _) in enumerate(names)
    ]
    return _HEADER.format(
        includes="\n".join(f'#include "{name}.h"' for name in interfaces),
        arenas="\n".join(
            f"static MGECC_ALIGNED unsigned char arena{k}[{n}];" for k, (_, n) in enumerate(names)
        ),
        model="mgecc_dynamic" if any(one.sizes for one in interfaces.values()) else "mgecc_model",
        opens="\n".join(opens),
    )
