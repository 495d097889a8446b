"""Inputs whose shapes a model file leaves open: what declared sizes and recorded inputs say of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mgecc import frontends
from mgecc.config import ModelConfig
from mgecc.errors import InputError
from mgecc.graph import CompileError
from mgecc.lowering import load_graph, read_bounded
from mgecc.toolrun.tensors import Arrays

Dims = tuple[int | str, ...]


def with_declared_sizes(config: ModelConfig) -> ModelConfig:
    """The configuration where open dimensions that the file calls like declared sizes have these.

    Raises InputError for declared sizes that no input has, and as ``frontends.survey``.
    """
    if not config.sizes:
        return config
    names = {size.name for size in config.sizes}
    named = {
        name: dims
        for name, dims in _open_inputs(config).items()
        if dims and names.issuperset(n for n in dims if isinstance(n, str))
    }
    config = config.with_shapes(named)
    used = {n for spec in config.inputs.values() for n in spec.shape or ()}
    for size in config.sizes:
        if size.name not in used:
            place = config.places.get(f"sizes.{size.name}", config.path)
            raise InputError(f"{place}: no input has the size '{size.name}'")
    return config


def as_recorded(config: ModelConfig, arrays: Arrays) -> tuple[ModelConfig, list[str]]:
    """The configuration with all that recorded inputs say of what it leaves open, and lines that tell of it."""
    return with_numbers_of(with_shapes_of(config, arrays), arrays)


def with_shapes_of(config: ModelConfig, arrays: Arrays) -> ModelConfig:
    """The configuration where inputs whose shapes are left open have those of recorded ones, ``in.NAME``."""
    found = {}
    for name, dims in _open_inputs(config).items():
        array = arrays.get(f"in.{name}")
        if array is not None:
            found[name] = _shape(array, dims)
    return config.with_shapes(found) if found else config


def with_numbers_of(config: ModelConfig, arrays: Arrays) -> tuple[ModelConfig, list[str]]:
    """The configuration where inputs that decide conditions are bound to recorded numbers, if it needs that.

    Also a line for each that says so. Raises as ``lowering.load_graph``, but CompileError.
    """
    names = frontends.deciding_inputs(read_bounded(config.model))
    found = {
        name: arrays[f"in.{name}"] for name in names if name not in config.bind and f"in.{name}" in arrays
    }
    numbers = {name: array.reshape(-1)[0].item() for name, array in found.items() if _is_one(array)}
    if not numbers or _compiles(config):
        return config, []
    lines = [
        f"{name} is {value}, as recorded, and no input: bind: {{{name}: {value}}} in model.yaml makes it so"
        for name, value in numbers.items()
    ]
    return replace(config, bind=config.bind | numbers), lines


def _is_one(array: np.ndarray) -> bool:
    return array.size > 0 and bool((array == array.reshape(-1)[0]).all())


def _compiles(config: ModelConfig) -> bool:
    try:
        load_graph(config)
    except CompileError:
        return False
    return True


def _shape(array: np.ndarray, dims: Dims | None) -> Dims:
    """That of one case, which the number of axes tells from several."""
    stacked = dims is not None and array.ndim == len(dims) + 1
    return array.shape[1:] if stacked else array.shape


def _open_inputs(config: ModelConfig) -> dict[str, Dims | None]:
    """Those of which the configuration says nothing."""
    found = frontends.open_inputs(read_bounded(config.model))
    return {name: dims for name, dims in found.items() if config.leaves_open(name)}
