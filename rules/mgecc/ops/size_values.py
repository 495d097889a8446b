"""Numbers that follow from declared sizes as a tensor; made by a pass, not read from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgecc.graph import Attributes, Node, TensorType
from mgecc.ops.registry import Operator, operator


@dataclass(frozen=True)
class SizeValuesAttrs(Attributes):
    """``numbers``: expressions over sizes, which fill the tensor of ``type`` row by row."""

    numbers: tuple[Any, ...]
    type: TensorType


@operator("SizeValues")
class SizeValues(Operator):
    """The 'numbers', expressions over sizes, as a tensor of 'type'."""

    Attributes = SizeValuesAttrs
    limits = "numbers that depend on declared sizes alone"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [node.attributes(SizeValuesAttrs).type]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(SizeValuesAttrs)
        kind = attrs.type
        return [np.array([int(n) for n in attrs.numbers], kind.dtype.numpy).reshape(kind.shape)]
