"""A file of one operator with what goes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flatbuffer_writer import Table
from tflite_writer import TfliteFile, tflite_bytes

Options = tuple[str, Mapping[str, Any]] | None


@dataclass(frozen=True)
class Given:
    """An operand that is an input of the model."""

    array: np.ndarray


@dataclass(frozen=True)
class Case:
    """``root``: the file as a table."""

    name: str
    root: Table
    inputs: dict[str, np.ndarray]

    @cached_property
    def data(self) -> bytes:
        return tflite_bytes(self.root)


_RNG = np.random.default_rng(14)


def numbers(*shape: int, low: float = -3, high: float = 3) -> np.ndarray:
    return _RNG.uniform(low, high, shape).astype(np.float32)


def x(*shape: int, low: float = -3, high: float = 3) -> Given:
    """An input of float32 numbers."""
    return Given(numbers(*shape, low=low, high=high))


def integers(*shape: int, low: int = -5, high: int = 6, dtype: type = np.int32) -> np.ndarray:
    return _RNG.integers(low, high, shape).astype(dtype)


def n(*values: Any) -> np.ndarray:
    """A constant vector of int32."""
    return np.array(values, np.int32)


def case(
    name: str,
    type: str,
    operands: Sequence[Given | np.ndarray | None],
    results: Sequence[tuple[Sequence[int], str] | Sequence[int]],
    options: Options = None,
    version: int = 1,
) -> Case:
    m, inputs, operand_numbers = TfliteFile(), {}, []
    for k, operand in enumerate(operands):
        if isinstance(operand, Given):
            inputs[f"x{k}"] = operand.array
            operand_numbers.append(m.input(f"x{k}", operand.array.shape, operand.array.dtype.name.upper()))
        else:
            operand_numbers.append(-1 if operand is None else m.constant(operand))
    made = []
    for result in results:
        shape, dtype = result if result and isinstance(result[-1], str) else (result, "FLOAT32")
        made.append(m.tensor(shape, dtype))  # type: ignore[arg-type]
    m.op(type, operand_numbers, *made, options=options, version=version)
    return Case(f"{type.lower()}_{name}", m.root(*made), inputs)
