"""Pooling, means and softmax."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from mgecc.graph import Unsupported
from mgecc.ops.fixed_rows import FixedL2NormAttrs
from mgecc.ops.fixed_short import FixedSoftmax16Attrs
from mgecc.ops.known import axis_of
from mgecc.ops.rescaled import FixedSoftmaxAttrs, RescaleAttrs, RescaledMeanAttrs

from ..images import channels_first
from ..rules import RULES as PLAIN
from . import Tensor, TensorBuilder, TfliteNode, rescale, result_type, rule, scale


@rule("Pooling", "AVERAGE_POOL_2D", "MAX_POOL_2D")
def pooling(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Of stored numbers; data and result have one scale."""
    result_type(node, 2)
    activation = node.require("fused_activation_function")
    options = {**node.options, "fused_activation_function": "NONE"}
    (y,) = PLAIN.find(node.type).translate(node.with_options(options), t)
    if activation == "NONE":
        return [y]
    return [t.one("Rescale", RescaleAttrs(y.dtype, rescale((1.0,), y.dtype, activation)), y)]


@rule("RescaledMean", "MEAN", "SUM")
def mean(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Over the height and width of images as they lie in blocks, over other axes as one behind all others."""
    x, y = node.operand(0), result_type(node, 2)
    axes = {axis_of(axis, x.rank) for axis in node.operand(1).integers}
    left = [axis for axis in range(x.rank) if axis not in axes]
    attrs = RescaledMeanAttrs(y, rescale((scale(x) / scale(y),), y), sums=node.type == "SUM")
    if axes == {1, 2} and x.rank == 4:
        columns = channels_first(t, x)
    else:
        sizes = (prod(x.shape[axis] for axis in left), prod(x.shape[axis] for axis in axes))
        columns = t.reshape(t.transpose(x, [*left, *sorted(axes)]), (1, *sizes, 1))
    made = t.one("RescaledMean", attrs, columns)
    keep = node.get("keep_dims")
    return [t.reshape(made, [1 if k in axes else n for k, n in enumerate(x.shape) if keep or k not in axes])]


@rule("FixedSoftmax", "SOFTMAX")
def softmax(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, y = node.operand(0), result_type(node, 2)
    if x.dtype.size == 2 and y.scale == 2.0**-15:
        factor = scale(x) * node.require("beta") / (10 / 65535)
        return [t.one("FixedSoftmax16", FixedSoftmax16Attrs(y, factor), x)]
    if (y.scale, y.zero_point) != (1 / 256, y.range[0]):
        raise Unsupported(f"a softmax gives {y}, not multiples of 1/256", "convert the model again")
    return [t.one("FixedSoftmax", FixedSoftmaxAttrs(y, node.require("beta") * scale(x)), x)]


@rule("FixedLogSoftmax", "LOG_SOFTMAX")
def log_softmax(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, y = node.operand(0), result_type(node)
    if (y.scale, y.zero_point) != (1 / 16, y.range[1]):
        raise Unsupported(
            f"the logarithm of a softmax gives {y}, not multiples of 1/16", "convert the model again"
        )
    return [t.one("FixedLogSoftmax", FixedSoftmaxAttrs(y, scale(x)), x)]


@rule("FixedL2Norm", "L2_NORMALIZATION")
def l2_normalization(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    y = result_type(node)
    if (y.scale, y.zero_point) != (1 / 128, 0) or node.get("fused_activation_function", "NONE") != "NONE":
        raise Unsupported(f"normalised rows give {y}, not multiples of 1/128", "convert the model again")
    return [t.one("FixedL2Norm", FixedL2NormAttrs(y), node.operand(0))]
