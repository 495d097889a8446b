"""Operators that hand their input on, and the check for numbers that are not finite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, Node, TensorType
from mgecc.graph.attributes import FINITE
from mgecc.graph.types import INT32
from mgecc.ops.counted import one_by_one
from mgecc.ops.registry import Operator, operator


class _Copy(Operator):
    """The first input unchanged."""

    operands = "any"
    limits = "none"
    halves = "stored"
    moves = True

    counted = staticmethod(one_by_one)

    @staticmethod
    def is_identity(node: Node) -> bool:
        return True

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [node.inputs[0].type]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [inputs[0]]


_ONE = ("Identity", "Copy", "MarkDynamicVar", "MarkNoBroadcastElemwise", "PersistentOutputStorage")
for _name in _ONE:
    operator(_name)(type(_name, (_Copy,), {"__doc__": _Copy.__doc__}))


@operator("VirtualDep")
class VirtualDep(_Copy):
    """The first input unchanged; the others only had to be computed before."""

    operands = "any+"


COPIES = (*_ONE, "VirtualDep")
"""Operators whose result is always their first input."""


@dataclass(frozen=True)
class CheckNonFiniteAttrs(Attributes):
    scale: Annotated[float, FINITE] = 1.0


@operator("CheckNonFinite")
class CheckNonFinite(Operator):
    """All inputs times 'scale', and an int32 flag: 1 if one of their numbers is not finite."""

    Attributes = CheckNonFiniteAttrs
    operands = "float+"
    limits = "float32"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [*(v.type for v in node.inputs), TensorType((1,), INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        bad = any(not np.isfinite(x).all() for x in inputs)
        factor = np.float32(node.attributes(CheckNonFiniteAttrs).scale)
        scaled = [x if factor == 1 else (x * factor).astype(x.dtype) for x in inputs]
        return [*scaled, np.array([bad], np.int32)]
