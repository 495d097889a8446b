"""What the user says of a model beside its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mgecc.ops.custom import CustomFunction


@dataclass(frozen=True)
class Given:
    """``shapes``: of inputs, by name, instead of the file's. ``bound``: numbers of inputs that are constants, by name.

    ``functions``: C functions that stand for operators, by the operator's name in the file or its type. ``folder``:
    where the file lies, for files of whose constants some lie beside it.
    """

    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    functions: Mapping[str, CustomFunction] = field(default_factory=dict)
    folder: Path | None = None
    bound: Mapping[str, Any] = field(default_factory=dict)
