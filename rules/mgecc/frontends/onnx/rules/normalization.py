"""Normalisations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod

import numpy as np

from mgecc.graph import Unsupported
from mgecc.ops.known import axis_of
from mgecc.ops.normalization import GroupNormAttrs, LayerNormAttrs, LRNAttrs, NormAttrs

from . import OnnxNode, Tensor, TensorBuilder, rule

_MOST_CHANNELS = 4096
"""That are summed one by one."""


@rule("BatchNorm", "BatchNormalization")
def batch_normalization(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """By stored statistics; in training mode by those of the batch, with which the stored ones are mixed."""
    x, (scale, bias, mean, variance) = node.operand(0), (node.operand(k) for k in (1, 2, 3, 4))
    if not node.get("training_mode", 0):
        return [_by_statistics(node, t, x, scale, bias, mean, variance)]
    axes = [axis for axis in range(x.rank) if axis != 1]
    own = t.reduce("mean", x, axes, keep=True)
    away = t.elemwise("sub", x, own)
    spread = t.reduce("mean", t.elemwise("mul", away, away), axes, keep=True)
    kept = [
        t.elemwise("add", _times(t, old, momentum), _times(t, t.reshape(new, old.shape), 1 - momentum))
        for momentum in [node.get("momentum", 0.9)]
        for old, new in ((mean, own), (variance, spread))
    ]
    return [_by_statistics(node, t, x, scale, bias, own, spread), *kept]


def _by_statistics(node: OnnxNode, t: TensorBuilder, x: Tensor, *parameters: Tensor) -> Tensor:
    """Scale, bias, mean and variance for each channel."""
    stretched = [t.reshape(p, _per_channel(x)) for p in parameters]
    attrs = NormAttrs(node.get("epsilon", 1e-5))
    return t.add("BatchNorm", attrs, x, *stretched, dtype=x.dtype)[3]


def _times(t: TensorBuilder, x: Tensor, factor: float) -> Tensor:
    return t.elemwise("mul", x, t.like(x, factor))


def _per_channel(x: Tensor) -> tuple[int, ...]:
    """The shape of a number for each channel, on axis 1, that stretches to ``x``."""
    return tuple(n if axis == 1 else 1 for axis, n in enumerate(x.shape))


@rule("InstanceNorm", "InstanceNormalization")
def instance_normalization(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    attrs = NormAttrs(node.get("epsilon", 1e-5))
    y = t.one("InstanceNorm", attrs, _image(t, x), node.operand(1), node.operand(2), dtype=x.dtype)
    return [t.reshape(y, x.shape)]


@rule("GroupNorm", "GroupNormalization")
def group_normalization(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    attrs = GroupNormAttrs(node.get("epsilon", 1e-5), node.require("num_groups"))
    y = t.one("GroupNorm", attrs, _image(t, x), node.operand(1), node.operand(2), dtype=x.dtype)
    return [t.reshape(y, x.shape)]


def _image(t: TensorBuilder, x: Tensor) -> Tensor:
    """(n, c, 1, rest), or an image as it is."""
    return x if x.rank == 4 else t.reshape(x, (*x.shape[:2], 1, prod(x.shape[2:])))


@rule("LayerNorm", "LayerNormalization")
def layer_normalization(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """A factor and a term that stretch to the normalised axes are applied behind it."""
    x, factor, term = node.operand(0), node.operand(1), node.optional(2)
    axis = axis_of(node.get("axis", -1), x.rank)
    own, attrs = x.shape[axis:], LayerNormAttrs(node.get("epsilon", 1e-5), x.rank - axis)
    fits = factor.elements == prod(own) and (term is None or term.elements == prod(own))
    if term is None:
        term = t.constant(np.zeros(factor.shape, x.dtype.numpy), x.dtype)
    parameters = [t.reshape(p, own) for p in (factor, term)] if fits else []
    y, *statistics = t.add("LayerNorm", attrs, x, *parameters, dtype=x.dtype)
    if not fits:
        y = t.elemwise("add", t.elemwise("mul", y, factor), term)
    kept = (*x.shape[:axis], *[1] * len(own))
    return [y, *(t.reshape(s, kept) for s in statistics)]


@rule("LRN", "LRN")
def lrn(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Alpha is divided by the number of channels; of an even number, one more lies behind."""
    x, size = node.operand(0), node.require("size")
    alpha, beta, bias = node.get("alpha", 1e-4) / size, node.get("beta", 0.75), node.get("bias", 1.0)
    if size % 2:
        y = t.one("LRN", LRNAttrs(size, bias, alpha, beta), _image(t, x), dtype=x.dtype)
        return [t.reshape(y, x.shape)]
    if not 0 < size <= _MOST_CHANNELS:
        raise Unsupported(f"sums over {size} channels are not supported")
    before = (size - 1) // 2
    pairs = [(before, size - 1 - before) if axis == 1 else (0, 0) for axis in range(x.rank)]
    around = t.pad(t.elemwise("mul", x, x), pairs)
    parts = [t.slice(around, {1: (k, k + x.shape[1], 1)}) for k in range(size)]
    total = reduce(lambda a, b: t.elemwise("add", a, b), parts)
    weighed = t.elemwise("add", _times(t, total, alpha), t.like(x, bias))
    return [t.elemwise("mul", x, t.power(weighed, -beta))]


@rule("Reduce", "LpNormalization")
def lp_normalization(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Zeros stay zeros."""
    x, p = node.operand(0), node.get("p", 2)
    if p not in (1, 2):
        raise Unsupported(f"normalisation by the norm of order {p} is not supported")
    parts = t.elemwise("abs", x) if p == 1 else t.elemwise("mul", x, x)
    norm = t.reduce("sum", parts, [node.get("axis", -1)], keep=True)
    norm = norm if p == 1 else t.elemwise("sqrt", norm)
    nothing = t.compare("eq", norm, t.like(norm, 0))
    return [t.elemwise("true_div", x, t.where(nothing, t.like(norm, 1), norm))]
