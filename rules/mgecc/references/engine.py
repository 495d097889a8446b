"""What every engine is asked for, and runs of many cases."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mgecc.errors import InputError, Reported

Arrays = Mapping[str, np.ndarray]


class EngineError(InputError):
    """An engine cannot run a model; ``str`` is one line."""


class EngineMissing(Reported):
    """An engine is not installed; ``str`` is one line with the command that installs it."""


@dataclass(frozen=True)
class Results:
    """One run: outputs in the file's order, and if they were asked for, all tensors by their names in the file.

    Integers are stored numbers, floats are real ones.
    """

    outputs: Sequence[np.ndarray]
    tensors: Arrays = field(default_factory=dict)


@dataclass(frozen=True)
class Engine:
    """A model that an engine has loaded. ``inputs``: the names that ``run`` takes arrays for. ``channels_last``: of
    tensors with 4 axes."""

    inputs: frozenset[str]
    run: Callable[[Arrays], Results]
    channels_last: bool = False


@dataclass(frozen=True)
class Memory:
    """An input that is an output of the run before. ``first``: what the first run reads."""

    name: str
    output: int
    first: np.ndarray


def engine_names() -> list[str]:
    """All engines that can be asked for, installed or not."""
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(module.name for module in found if module.name != "engine")


def open_engine(name: str, path: Path, every: bool = False) -> Engine:
    """Load a model file in an engine; ``every``: for all tensors. Raises EngineMissing and EngineError."""
    opened: Engine = importlib.import_module(f"mgecc.references.{name}").open_model(path, every)
    return opened


def run_cases(
    engine: Engine,
    stacks: Arrays,
    bound: Mapping[str, Any],
    memory: Sequence[Memory] = (),
    track: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> list[Results]:
    """Run cases one after the other. ``stacks``: inputs with a leading axis of cases; ``bound``: the same in all.
    ``track``: gives the cases, and may show how far they are.

    Raises EngineError.
    """
    counts = sorted({len(stack) for stack in stacks.values()})
    if len(counts) > 1:
        raise EngineError(f"inputs must have the same number of cases; they have {counts}")
    unknown = sorted(set(stacks) - engine.inputs)
    if unknown:
        raise EngineError(f"the engine has no input {unknown[0]}; it has {', '.join(sorted(engine.inputs))}")
    kept: dict[str, Any] = {m.name: m.first for m in memory}
    results = []
    for case in track(range(counts[0] if counts else 1)):
        given = {**bound, **kept, **{name: stack[case] for name, stack in stacks.items()}}
        results.append(engine.run({k: v for k, v in given.items() if k in engine.inputs}))
        kept = {m.name: results[-1].outputs[m.output] for m in memory if m.output < len(results[-1].outputs)}
    return results
