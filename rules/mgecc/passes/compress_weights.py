"""Compress weights to half precision (enable_compress_fp16): half the bytes in the blob, expanded inside the kernels.

It runs behind the rewrites where the configuration asks for it. The weights are rounded to the nearest
half, an error of at most 2^-11 of each weight (2^-25 of one for weights below 2^-14); sums, biases and everything
else stay float32. Biases of recurrent layers and of attention are stored with the weights, and rounded with them.
"""

from __future__ import annotations

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.attributes import changed, named
from mgecc.ops import find
from mgecc.passes.build import constant


def _compress(node: Node) -> None:
    """Round the node's weights and say so to its kernels, unless some are larger than every half."""
    positions = [k % len(node.inputs) for k in find(node.op).weights]
    halves = [h for k in positions if (h := _rounded(node.inputs[k])) is not None]
    if named(node.attrs).get("weights_f16") or len(halves) < len(positions):
        return
    for k, rounded in zip(positions, halves):
        node.inputs[k] = constant(node.inputs[k].name, rounded, node.inputs[k].type.dtype)
    node.attrs = changed(node.attrs, weights_f16=True)


def _rounded(weights: Value) -> np.ndarray | None:
    """Constant float32 weights as halves, None for others and where that is too large."""
    if weights.const is None or weights.type.dtype.name != "float32":
        return None
    with np.errstate(over="ignore"):
        halves = weights.const.astype(np.float16)
    return halves if np.isfinite(halves).all() else None


def run(graph: Graph) -> None:
    """All operators with constant float32 weights that their kernels expand."""
    for node in graph.nodes:
        if find(node.op).weights and node.output.type.dtype.name == "float32":
            _compress(node)
