"""What the user says of a model beside its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mgecc.graph import DType, Unsupported
from mgecc.graph.types import BOOL
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


def bound_numbers(numbers: Any, shape: Sequence[int], dtype: DType) -> np.ndarray:
    """Numbers of the user's for an input, one for all elements or one for each; Unsupported if they are none of it."""
    try:
        given = np.array(numbers, np.float64 if dtype.is_float else object)
        low, high = (0, 1) if dtype == BOOL else (0, 0) if dtype.is_float else dtype.range
        if not dtype.is_float and not all(isinstance(n, int) and low <= n <= high for n in given.reshape(-1)):
            raise Unsupported(f"it is bound to {numbers}, and its elements are {dtype}")
        return np.array(
            np.broadcast_to(given, shape) if given.ndim == 0 else given.reshape(shape), dtype.numpy
        )
    except ValueError:
        raise Unsupported(f"it is bound to {numbers}, which does not have the shape {list(shape)}") from None
