"""Pooling, means and softmax."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.graph import Unsupported
from mgecc.ops.known import axis_of
from mgecc.ops.rescaled import FixedSoftmaxAttrs, RescaleAttrs

from ..images import channels_first
from ..rules import RULES as PLAIN
from . import Tensor, TensorBuilder, TfliteNode, rescale, result_type, rule, scale


@rule("Pooling", "AVERAGE_POOL_2D", "MAX_POOL_2D")
def pooling(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Of stored numbers; data and result have one scale."""
    activation = node.get("fused_activation_function")
    options = {**node.options, "fused_activation_function": "NONE"}
    (y,) = PLAIN.find(node.type).translate(node.with_options(options), t)
    if activation == "NONE":
        return [y]
    return [t.one("Rescale", RescaleAttrs(y.dtype, rescale((1.0,), y.dtype, activation)), y)]


@rule("RescaledMean", "MEAN")
def mean(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Over the height and width of images."""
    x, y = node.operand(0), result_type(node)
    axes = {axis_of(axis, x.rank) for axis in node.operand(1).integers}
    if x.rank != 4 or axes != {1, 2}:
        raise Unsupported(
            f"the mean of quantised data of rank {x.rank} over axes {sorted(axes)} is not supported"
        )
    attrs = RescaleAttrs(y, rescale((scale(x) / scale(y),), y))
    made = t.one("RescaledMean", attrs, channels_first(t, x))
    n, _, _, c = x.shape
    return [t.reshape(made, (n, 1, 1, c) if node.get("keep_dims") else (n, c))]


@rule("FixedSoftmax", "SOFTMAX")
def softmax(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, y = node.operand(0), result_type(node)
    if (y.scale, y.zero_point) != (1 / 256, y.range[0]):
        raise Unsupported(f"a softmax gives {y}, not multiples of 1/256", "convert the model again")
    return [t.one("FixedSoftmax", FixedSoftmaxAttrs(y, node.get("beta") * scale(x)), x)]
