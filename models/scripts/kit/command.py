"""The common command line of the scripts, and the step that writes a model folder."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from mgecc.export import export

MODELS = Path(__file__).resolve().parents[2]
_NOTICES = ("README.md", "LICENSE*", "*.jpg")


@dataclass(frozen=True)
class Model:
    """What stands in a folder besides weights and numbers: names, model.yaml keys and class labels."""

    name: str
    outputs: Sequence[str]
    config: Mapping[str, Any] = field(default_factory=dict)
    labels: Sequence[str] = ()


def publish(model: Model, net: Any, cases: Mapping[str, np.ndarray], out: Path, **extra: np.ndarray) -> Path:
    """Write ``out/<name>`` from a module and its stacked inputs; ``extra`` arrays go into inputs.npz beside them.

    README.md, LICENSE* and sample pictures are kept by hand; they are copied when ``out`` is another place.
    """
    folder = out / model.name
    path = export(
        net,
        {name: value[0] for name, value in cases.items()},
        folder,
        model.name,
        cases=cases,
        outputs=model.outputs,
        config=model.config,
        labels=model.labels,
        extra=extra,
    )
    copy_notices(MODELS / model.name, folder)
    return path


def copy_notices(source: Path, target: Path) -> None:
    """Copy the hand-kept files of a model folder to another one."""
    if source.resolve() == target.resolve():
        return
    for pattern in _NOTICES:
        for file in sorted(source.glob(pattern)):
            shutil.copyfile(file, target / file.name)


def run(description: str | None, make: Callable[[Path, Path], None]) -> None:
    """Entry of a script: ``--src`` has the unpacked sources, ``--out`` takes the model folder."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--src", type=Path, default=Path("src"), help="folder filled by fetch_sources.sh")
    parser.add_argument("--out", type=Path, default=MODELS, help="where the model folder is written")
    args = parser.parse_args()
    make(args.src, args.out)
