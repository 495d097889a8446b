"""3-D convolution of volumes (n, c, d, h, w)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Node, TensorType
from mgecc.ops.arithmetic import finish_node, output_type
from mgecc.ops.contraction import convolve
from mgecc.ops.convolution import ConvolutionAttrs, Shape, check_channels, check_ranks, grouped, widened
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import Cells, Ends


@dataclass(frozen=True)
class Convolution3DAttrs(ConvolutionAttrs):
    """Along (d, h, w)."""

    stride: tuple[Cells, ...] = (1, 1, 1)
    padding: tuple[Ends, ...] = ((0, 0), (0, 0), (0, 0))
    dilation: tuple[Cells, ...] = (1, 1, 1)


def _weights(node: Node) -> Shape:
    """(g, o, i, d, h, w)"""
    check_ranks(node, 5)
    return grouped(node.inputs[1].shape, node.attributes(Convolution3DAttrs).groups)


@operator("Convolution3D")
class Convolution3D(Operator):
    """conv(x, w)."""

    Attributes = Convolution3DAttrs
    operands = "float float"
    limits = "float32 or float16, NCDHW"
    weights = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, weights = node.inputs[0].shape, _weights(node)
        check_channels(x[1], weights[0] * weights[2])
        positions = node.attributes(Convolution3DAttrs).over(weights[3:]).output_size(x[2:])
        return [TensorType((x[0], weights[0] * weights[1], *positions), output_type(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, weights = widened(node, _weights(node), inputs)
        window = node.attributes(Convolution3DAttrs).over(weights.shape[3:])
        return [finish_node(node, convolve(x, weights, window), [])]
