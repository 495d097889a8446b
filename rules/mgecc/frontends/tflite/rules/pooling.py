"""Pooling and changes of image sizes."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.ops.pooling import PoolingAttrs

from ..activations import activated
from ..images import channels_first, channels_last, padding_of
from . import Tensor, TensorBuilder, TfliteNode, rule


@rule("Pooling", "MAX_POOL_2D", "AVERAGE_POOL_2D")
def pooling(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Averages do not count cells of the padding."""
    x = node.operand(0)
    window, stride = (
        (node.get("filter_height"), node.get("filter_width")),
        (node.get("stride_h"), node.get("stride_w")),
    )
    attrs = PoolingAttrs(
        window=window,
        stride=stride,
        padding=padding_of(node.get("padding"), x.shape[1:3], window, stride, (1, 1)),
        mode="max" if node.type == "MAX_POOL_2D" else "average",
        count_padding=False,
    )
    y = t.one("Pooling", attrs, channels_first(t, x))
    return [channels_last(t, activated(t, y, node.get("fused_activation_function")))]
