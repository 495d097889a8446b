"""Pooling."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.ops.pooling import PoolingAttrs

from ..activations import activated
from ..images import channels_first, channels_last, padding_of
from . import Tensor, TensorBuilder, TfliteNode, rule


@rule("Pooling", "MAX_POOL_2D", "AVERAGE_POOL_2D")
def pooling(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Averages do not count cells of the padding."""
    y = _pooled(node, t, node.operand(0))
    return [activated(t, y, node.require("fused_activation_function"))]


@rule("Pooling", "L2_POOL_2D")
def l2_pooling(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The root of the mean square."""
    y = t.elemwise("sqrt", _pooled(node, t, t.elemwise("square", node.operand(0))))
    return [activated(t, y, node.require("fused_activation_function"))]


def _pooled(node: TfliteNode, t: TensorBuilder, x: Tensor) -> Tensor:
    window, stride = (
        (node.require("filter_height"), node.require("filter_width")),
        (node.require("stride_h"), node.require("stride_w")),
    )
    rows, columns = padding_of(node.require("padding"), x.shape[1:3], window, stride, (1, 1))
    attrs = PoolingAttrs(
        window=window,
        stride=stride,
        padding=(rows, columns),
        mode="max" if node.type == "MAX_POOL_2D" else "average",
        count_padding=False,
    )
    return channels_last(t, t.one("Pooling", attrs, channels_first(t, x)))
