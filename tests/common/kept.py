"""Compiled programs of models, kept for other tests of the same run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from mgecc.config import ModelConfig
from mgecc.planner import Program
from mgecc.targets import Target
from once import once


def folder_of(models: Sequence[ModelConfig], target: Target, folder: Path) -> Path:
    """Where all processes of a run that share ``folder`` keep what belongs to these models on a target."""
    words = "\n".join([target.spec, target.cpu, *map(str, models)])
    return folder / hashlib.sha256(words.encode()).hexdigest()[:16]


def kept_programs(
    model: ModelConfig, target: Target, folder: Path, build: Callable[[], tuple[Program, ...]]
) -> tuple[Program, ...]:
    """A model's programs, which ``build`` gives where no test has had them before."""
    return once(folder_of([model], target, folder / "programs"), lambda _: build())
