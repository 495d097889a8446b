"""Nodes of given numbers, and cases of them, for plain C and for vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import harness
import numpy as np
from cases import Case, Close, on, over
from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Value

on_host = on([t for t in harness.host_targets() if t.isa in ("scalar", "sse2", "avx2")])
seeds = over("seed", range(20))


def given(array: np.ndarray, const: bool = False, dtype: DType | None = None) -> tuple[Value, np.ndarray]:
    """An input of a node with its numbers; ``const`` for parameters, ``dtype`` unless that of the array."""
    kind = TensorType(array.shape, dtype or DType(array.dtype.name))
    return Value("x", kind, const=array if const else None), array


def floats(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float32)


def make(op: str, attrs: dict[str, object], pairs: Sequence[tuple[Value, np.ndarray]]) -> Node:
    words = ops.attributes_of(op, {"output_dtype": None, **attrs})
    made = Node(op, "test", words, [v for v, _ in pairs], origin="test")
    made.outputs = [Value(f"y{k}", t, made) for k, t in enumerate(ops.infer(made))]
    return made


def agree(
    op: str, attrs: dict[str, object], pairs: Sequence[tuple[Value, np.ndarray]], **limits: Any
) -> Case:
    """Every candidate gives the results within the tolerance; ``limits`` as ``Close`` takes them."""

    # Nodes of several candidates may not share values, whose types say their layout.
    def fresh() -> Node:
        return make(op, attrs, [(Value(v.name, v.type, const=v.const), x) for v, x in pairs])

    return Case(fresh, [x for _, x in pairs], Close(**limits))
