"""What a TensorFlow Lite file holds, as plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .schema import Record


@dataclass(frozen=True)
class Quantization:
    """Real number = (stored - zero point) * scale; one of both, or one for each part along ``axis``."""

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int = 0


@dataclass(frozen=True)
class StoredTensor:
    """``signature``: the shape with -1 for open sizes, if stated. ``data``: the numbers of a constant, as they lie."""

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    type: str
    data: memoryview | None
    quantization: Quantization | None
    is_variable: bool
    sparsity: Record | None
    offset: int


@dataclass(frozen=True)
class Operator:
    """``type``: the builtin operator's name, or a custom one's. Operands and results by number, -1 where absent."""

    type: str
    is_custom: bool
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]
    custom_options: bytes
    offset: int


@dataclass(frozen=True)
class SubGraph:
    name: str
    tensors: list[StoredTensor]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: list[Operator]


@dataclass(frozen=True)
class TfliteModel:
    """``names``: better names of inputs and outputs of the first subgraph, by tensor number, from the signature."""

    subgraphs: list[SubGraph]
    input_names: Mapping[int, str] = field(default_factory=dict)
    output_names: Mapping[int, str] = field(default_factory=dict)
