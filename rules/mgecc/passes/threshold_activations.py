"""Replace monotone activation + requantisation by a threshold table on the int32 accumulator.

A rising function of an integer that gives at most 256 results is determined by the smallest integer of each result; so
every machine rounds the same, however it would compute an exponential. Thresholding of quantised activations:
Umuroglu and Jahre 2017, "Streamlined Deployment for Quantized Neural Networks" (arXiv:1709.04060).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mgecc.graph import DType, Graph, Node
from mgecc.graph.attributes import changed
from mgecc.graph.types import INT32
from mgecc.ops.activation import IDENTITY, apply, of_node
from mgecc.ops.arithmetic import Numbers, product_type, real, store
from mgecc.ops.lookup import ThresholdsAttrs
from mgecc.ops.quantize import same_unit
from mgecc.passes.build import constant, node_like, take_over

_RISING = frozenset({"sigmoid", "tanh"})
_BYTES = frozenset({"qint8", "quint8"})
Function = Callable[[np.ndarray], np.ndarray]


def thresholds(function: Function) -> tuple[int, np.ndarray]:
    """The result for the least int32, and for each higher result the smallest int32 that gives it."""
    limits = np.iinfo(np.int32)
    first, last = (int(function(np.array([n], np.int64))[0]) for n in (limits.min, limits.max))
    results = np.arange(first + 1, last + 1)
    low, high = (np.full(results.shape, n, np.int64) for n in (limits.min, limits.max))
    while (low < high).any():
        middle = (low + high) >> 1
        reached = function(middle) >= results
        low, high = np.where(reached, low, middle + 1), np.where(reached, middle, high)
    return first, low.astype(np.int32)


def _split(node: Node) -> list[Node] | None:
    activation, result = of_node(node.attrs), node.output.type.dtype
    if activation[0] not in _RISING or result.name not in _BYTES:
        return None
    total: DType = product_type(*(v.type.dtype for v in node.inputs[:2]))
    if not all(same_unit(v.type.dtype, total) for v in node.inputs[2:] if v.type.elements):
        return None
    base, steps = thresholds(lambda sums: store(apply(activation, real(Numbers(sums, total))), result))
    attrs = changed(node.attrs, activation=IDENTITY, output_dtype=total)
    sums = node_like(node, node.op, attrs, list(node.inputs))
    table = constant(f"{node.name}.steps", steps, INT32)
    last = node_like(node, "Thresholds", ThresholdsAttrs(base, result), [sums.output, table])
    return [sums, take_over(last, node)]


def run(graph: Graph) -> None:
    graph.nodes = [new for node in graph.nodes for new in (_split(node) or [node])]
