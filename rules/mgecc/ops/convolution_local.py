"""Locally connected convolutions: every position, or every block of positions, has weights of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.arithmetic import finish_node, output_type, widen
from mgecc.ops.convolution import check_operands
from mgecc.ops.counted import item_by_item
from mgecc.ops.fixed_order import matmul
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import Window, window_of, windows


def _weights(node: Node, grouped: bool) -> tuple[int, ...]:
    """Shape of the weights as (g, rows, columns, i, h, w, o)."""
    shape = node.inputs[1].shape
    if len(shape) != 6 + grouped or node.inputs[0].type.rank != 4:
        raise Unsupported(f"weights of shape {list(shape)} do not fit a local convolution")
    if node.attrs.get("format", "NCHW") != "NCHW":
        raise Unsupported(
            f"local convolution in the layout {node.attrs['format']} is not supported", "use NCHW"
        )
    return shape if grouped else (1, *shape)


def _window(node: Node, weights: tuple[int, ...]) -> Window:
    return window_of(node.attrs, weights[4:6])


def _infer(node: Node, grouped: bool) -> list[TensorType]:
    x, weights = node.inputs[0].shape, _weights(node, grouped)
    check_operands(node.attrs, x[1], weights[0] * weights[3])
    positions = _window(node, weights).output_size(x[2:])
    if any(blocks < 1 or n % blocks for n, blocks in zip(positions, weights[1:3])):
        raise Unsupported(f"weights for {weights[1:3]} areas cannot serve {positions} positions evenly")
    return [TensorType((x[0], weights[0] * weights[6], *positions), output_type(node))]


def _evaluate(node: Node, inputs: Sequence[np.ndarray], grouped: bool) -> list[np.ndarray]:
    x, w = (widen(a, v.type.dtype) for a, v in zip(inputs, node.inputs))
    shape = _weights(node, grouped)
    window = _window(node, shape)
    weights = w.reshape(shape)
    if node.attrs.get("mode") == "CONVOLUTION":
        weights = np.flip(weights, axis=(4, 5))
    columns = windows(x, window)
    count, _, rows, cols = columns.shape[:4]
    groups, inner, out = shape[0], shape[3], shape[6]
    weights = weights.repeat(rows // shape[1], axis=1).repeat(cols // shape[2], axis=2)
    split = columns.reshape(count, groups, inner, rows, cols, *window.kernel)
    per_position = split.transpose(1, 3, 4, 0, 2, 5, 6).reshape(groups, rows, cols, count, -1)
    total = matmul(per_position, weights.reshape(groups, rows, cols, -1, out))
    return [finish_node(node, total.transpose(3, 0, 4, 1, 2).reshape(count, groups * out, rows, cols), [])]


@operator("Local")
class Local(Operator):
    """Weights (oh, ow, i, h, w, o)."""

    operands = "float float"
    limits = "float32 or float16, NCHW, constant weights"
    weights = (1,)

    counted = staticmethod(item_by_item)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer(node, grouped=False)

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _evaluate(node, inputs, grouped=False)


@operator("GroupLocal")
class GroupLocal(Operator):
    """Weights (g, oh, ow, i, h, w, o)."""

    operands = "float float"
    limits = "float32 or float16, NCHW, constant weights"
    weights = (1,)

    counted = staticmethod(item_by_item)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer(node, grouped=True)

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _evaluate(node, inputs, grouped=True)


@operator("LocalShare")
class LocalShare(Operator):
    """Weights ([g,] areas down, areas across, i, h, w, o): all positions of an area share them."""

    operands = "float float"
    limits = "float32 or float16, NCHW, constant weights"
    weights = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer(node, node.attrs.get("sparse") == "GROUP")

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _evaluate(node, inputs, node.attrs.get("sparse") == "GROUP")
