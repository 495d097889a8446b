"""Multiply-accumulates of nodes, for the report and for ratios to the ideal."""

from __future__ import annotations

from math import prod

from mgecc.graph import Node
from mgecc.ops.matmul import MatrixMulAttrs


def _convolution(node: Node) -> int:
    return node.output.type.elements * prod(node.inputs[1].shape[1:])


def _product(node: Node) -> int:
    a = node.inputs[0].shape
    depth = a[-2] if node.attributes(MatrixMulAttrs).transpose_a else a[-1]
    return node.output.type.elements * depth


_MACS = {
    "ConvBias": _convolution,
    "Convolution": _convolution,
    "MatrixMul": _product,
    "BatchedMatrixMul": _product,
}


def macs(node: Node) -> int:
    """Multiply-accumulates of one node; 0 for operators that are not products."""
    count = _MACS.get(node.op)
    return count(node) if count else 0
