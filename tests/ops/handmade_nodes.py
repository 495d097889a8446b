"""Nodes made by hand, and running them."""

from __future__ import annotations

from typing import Any

import numpy as np
from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Value


def value(array: np.ndarray, dtype: DType | None = None) -> Value:
    """A constant; its element type is that of the array unless given."""
    return Value("v", TensorType(array.shape, dtype or DType(array.dtype.name)), const=array)


def run(op: str, attrs: dict[str, Any], *inputs: Value | np.ndarray) -> list[np.ndarray]:
    """Infer and evaluate, and check that both agree on the shapes."""
    values = [v if isinstance(v, Value) else value(v) for v in inputs]
    node = Node(op, "node", ops.attributes_of(op, {"output_dtype": None, **attrs}), values)
    node.outputs = [Value(f"y{k}", t, node) for k, t in enumerate(ops.infer(node))]
    results = ops.evaluate(node, [v.const for v in values])
    assert [r.shape for r in results] == [v.shape for v in node.outputs]
    return results


def output_types(op: str, attrs: dict[str, Any], *inputs: Value) -> list[TensorType]:
    return ops.infer(Node(op, "node", ops.attributes_of(op, {"output_dtype": None, **attrs}), list(inputs)))
