"""3-D convolution of volumes (n, c, d, h, w)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.arithmetic import finish_node, output_type, widen
from mgecc.ops.contraction import convolve, flipped
from mgecc.ops.convolution import check_operands
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import Window, window_of


def plain_weights(node: Node, position: int) -> tuple[int, ...]:
    """Shape of the weights as (g, a, b, d, h, w); Unsupported for other formats and ranks."""
    if node.attrs.get("format", "NCDHW") != "NCDHW":
        raise Unsupported(
            f"3-D convolution in the layout {node.attrs['format']} is not supported", "use NCDHW"
        )
    shape = node.inputs[position].shape
    grouped = node.attrs.get("sparse", "DENSE") == "GROUP"
    if len(shape) != 5 + grouped or node.inputs[1 - position].type.rank != 5:
        raise Unsupported(f"weights of shape {list(shape)} do not fit a 3-D convolution")
    return shape if grouped else (1, *shape)


def plain_operand(node: Node, inputs: Sequence[np.ndarray], position: int) -> np.ndarray:
    """The weights as (g, a, b, d, h, w), ready for summing products and for cross-correlation."""
    weights = widen(inputs[position], node.inputs[position].type.dtype)
    return flipped(
        weights.reshape(plain_weights(node, position)), node.attrs.get("mode", "CROSS_CORRELATION"), 3
    )


def _window(node: Node) -> Window:
    return window_of(node.attrs, plain_weights(node, 1)[3:])


@operator("Convolution3D")
class Convolution3D(Operator):
    """conv(x, w)."""

    operands = "float float"
    limits = "float32 or float16, NCDHW"
    weights = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, weights = node.inputs[0].shape, plain_weights(node, 1)
        check_operands(node.attrs, x[1], weights[0] * weights[2])
        shape = (x[0], weights[0] * weights[1], *_window(node).output_size(x[2:]))
        return [TensorType(shape, output_type(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x = widen(inputs[0], node.inputs[0].type.dtype)
        return [finish_node(node, convolve(x, plain_operand(node, inputs, 1), _window(node)), [])]
