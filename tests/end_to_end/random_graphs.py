"""Random graphs of the supported operators: every step reads values that are there and adds one.

A step is a function ``(graph, pick)`` that gives a value, or None where nothing fits. Values that were rounded on the
way (sums of floats) are not ``exact``: what jumps (rounding, comparing, sorting) reads exact values only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Unsupported, Value

T = TypeVar("T")
MOST_ELEMENTS = 3000
F32, F16, I32, BOOL = DType("float32"), DType("float16"), DType("int32"), DType("bool")
KINDS = (F32, F32, F32, F32, I32, DType("int16"), DType("int8"), DType("uint8"), BOOL, F16)
QUANTISED = (DType("qint8", 0.03), DType("quint8", 0.05, 117), DType("qint8", 0.011))


class Pick:
    """Where decisions come from: ``choose`` gives one of a sequence."""

    def __init__(self, choose: Callable[[Sequence[Any]], Any]) -> None:
        self._choose = choose

    def one(self, items: Sequence[T]) -> T:
        return self._choose(items)

    def number(self, low: int, high: int) -> int:
        return self._choose(range(low, high + 1))

    def flag(self) -> bool:
        return self._choose((False, True))


@dataclass
class Made:
    """A graph in the making."""

    rng: np.random.Generator
    graph: Graph = field(default_factory=lambda: Graph("random"))
    values: list[Value] = field(default_factory=list)
    exact: set[Value] = field(default_factory=set)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def numbers(self, shape: Sequence[int], dtype: DType) -> np.ndarray:
        """Stored numbers that no sum of a few makes overflow."""
        if dtype.is_float:
            return self.rng.uniform(-1.5, 1.5, shape).astype(dtype.numpy)
        if dtype.name == "bool":
            return self.rng.integers(0, 2, shape).astype(np.bool_)
        low, high = dtype.range if dtype.is_quantized else ((0, 6) if dtype.name == "uint8" else (-6, 7))
        return self.rng.integers(low, high, shape, endpoint=dtype.is_quantized).astype(dtype.numpy)

    def const(self, shape: Sequence[int], dtype: DType = F32, array: np.ndarray | None = None) -> Value:
        data = self.numbers(shape, dtype) if array is None else array.astype(dtype.numpy)
        return Value("c", TensorType(tuple(data.shape), dtype), const=data)

    def sizes(self, *numbers: int) -> Value:
        return self.const((), I32, np.array(numbers))

    def input(self, shape: Sequence[int], dtype: DType) -> Value:
        value = Value(f"x{len(self.graph.inputs)}", TensorType(tuple(shape), dtype))
        self.graph.inputs.append(value)
        self.arrays[value.name] = self.numbers(shape, dtype)
        self.values.append(value)
        self.exact.add(value)
        return value

    def add(self, op: str, inputs: Sequence[Value], exact: bool | None = None, **attrs: Any) -> Value | None:
        """One more node; None where the operator has no such form or the result would be large.

        ``exact``: whether it computes without rounding; if not said, when all of its operands are exact.
        """
        words = ops.attributes_of(op, {"output_dtype": None, **attrs})
        node = Node(op, f"n{len(self.graph.nodes)}", words, list(inputs), origin="test")
        try:
            types = ops.infer(node)
        except Unsupported:
            return None
        if any(t.elements > MOST_ELEMENTS or not t.elements or t.rank > 6 for t in types):
            return None
        node.outputs = [Value(f"{node.name}.{k}", t, node) for k, t in enumerate(types)]
        self.graph.nodes.append(node)
        self.values += node.outputs
        if exact is not False and all(v.is_const or v in self.exact for v in inputs):
            self.exact.update(node.outputs)
        return node.output

    def find(
        self,
        pick: Pick,
        *kinds: str,
        rank: int = 0,
        exact: bool = False,
        test: Callable[[Value], bool] | None = None,
    ) -> Value | None:
        found = [
            v
            for v in self.values
            if (not kinds or v.type.dtype.name in kinds)
            and (not rank or v.type.rank == rank)
            and (not exact or v in self.exact)
            and (test is None or test(v))
        ]
        return pick.one(found) if found else None

    def finish(self, pick: Pick) -> None:
        """The values that nothing reads, and one more, are the outputs; nodes of no output go."""
        read = {v for node in self.graph.nodes for v in node.inputs}
        ends = [v for v in self.values if v not in read and v.producer is not None]
        computed = [v for v in self.values if v.producer is not None]
        ends = [*ends, pick.one(computed)] if computed else self.values[:1]
        self.graph.outputs = [(f"y{k}", v) for k, v in enumerate(dict.fromkeys(ends))]
        self.graph.sweep()


Step = Callable[[Made, Pick], Value | None]
STEPS: list[Step] = []


def step(times: int = 1) -> Callable[[Step], Step]:
    def register(function: Step) -> Step:
        STEPS.extend([function] * times)
        return function

    return register


def random_graph(pick: Pick, steps: int) -> Made:
    """A graph of at most ``steps`` random nodes and numbers for its inputs."""
    import random_moves  # noqa: F401  (fills STEPS, as random_steps does)

    made = Made(np.random.default_rng(pick.number(0, 1 << 20)))
    for _ in range(pick.number(1, 3)):
        shape = (pick.number(1, 2), pick.one((1, 3, 4, 5, 8, 9, 17)), pick.number(1, 9), pick.number(1, 9))
        made.input(shape[4 - pick.one((4, 4, 4, 3, 2)) :], pick.one((*KINDS, *QUANTISED)))
    for _ in range(4 * steps):
        if len(made.graph.nodes) < steps:
            pick.one(STEPS)(made, pick)
    made.finish(pick)
    return made
