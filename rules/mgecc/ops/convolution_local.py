"""Locally connected convolutions: every position, or every block of positions, has weights of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.arithmetic import finish_node, output_type
from mgecc.ops.convolution import FilterAttrs, Shape, check_channels, widened
from mgecc.ops.counted import item_by_item
from mgecc.ops.fixed_order import matmul
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import windows


def _weights(node: Node) -> Shape:
    """Shape of the weights as (g, rows, columns, i, h, w, o)."""
    shape = node.inputs[1].shape
    if len(shape) not in (6, 7) or node.inputs[0].type.rank != 4:
        raise Unsupported(f"weights of shape {list(shape)} do not fit a local convolution")
    return shape if len(shape) == 7 else (1, *shape)


def _infer(node: Node) -> list[TensorType]:
    x, weights = node.inputs[0].shape, _weights(node)
    check_channels(x[1], weights[0] * weights[3])
    positions = node.attributes(FilterAttrs).over(weights[4:6]).output_size(x[2:])
    if any(blocks < 1 or n % blocks for n, blocks in zip(positions, weights[1:3])):
        raise Unsupported(f"weights for {weights[1:3]} areas cannot serve {positions} positions evenly")
    return [TensorType((x[0], weights[0] * weights[6], *positions), output_type(node))]


def _evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    shape = _weights(node)
    x, weights = widened(node, shape, inputs)
    window = node.attributes(FilterAttrs).over(shape[4:6])
    columns = windows(x, window)
    count, _, rows, cols = columns.shape[:4]
    groups, inner, out = shape[0], shape[3], shape[6]
    weights = weights.repeat(rows // shape[1], axis=1).repeat(cols // shape[2], axis=2)
    split = columns.reshape(count, groups, inner, rows, cols, *window.kernel)
    per_position = split.transpose(1, 3, 4, 0, 2, 5, 6).reshape(groups, rows, cols, count, -1)
    total = matmul(per_position, weights.reshape(groups, rows, cols, -1, out))
    return [finish_node(node, total.transpose(3, 0, 4, 1, 2).reshape(count, groups * out, rows, cols), [])]


class _Local(Operator):
    """What all have."""

    Attributes = FilterAttrs
    operands = "float float"
    limits = "float32 or float16, NCHW, constant weights"
    weights = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer(node)

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _evaluate(node, inputs)


@operator("Local")
class Local(_Local):
    """Weights (oh, ow, i, h, w, o)."""

    counted = staticmethod(item_by_item)


@operator("GroupLocal")
class GroupLocal(_Local):
    """Weights (g, oh, ow, i, h, w, o)."""

    counted = staticmethod(item_by_item)


@operator("LocalShare")
class LocalShare(_Local):
    """Weights ([g,] areas down, areas across, i, h, w, o): all positions of an area share them."""
