"""Weights in half precision (enable_compress_fp16): half the bytes in the blob, expanded inside the kernels.

Not in the pipeline: it runs behind it where the configuration asks for it. The weights are rounded to the nearest
half, an error of at most 2^-11 of each weight (2^-25 of one for weights below 2^-14); sums, biases and everything
else stay float32.
"""

from __future__ import annotations

import numpy as np

from mgecc.graph import Graph, Node
from mgecc.passes.build import constant
from mgecc.passes.half import PRODUCTS


def _compress(node: Node) -> None:
    """Round the node's weights and say so to its kernels, unless some are larger than every half."""
    weights = node.inputs[1]
    if weights.const is None or weights.type.dtype.name != "float32" or node.attrs.get("weights_f16"):
        return
    with np.errstate(over="ignore"):
        halves = weights.const.astype(np.float16)
    if np.isfinite(halves).all():
        node.inputs[1] = constant(weights.name, halves, weights.type.dtype)
        node.attrs["weights_f16"] = True


def run(graph: Graph) -> None:
    """All convolutions and matrix products with constant float32 weights."""
    for node in graph.nodes:
        if node.op in PRODUCTS and node.output.type.dtype.name == "float32":
            _compress(node)
