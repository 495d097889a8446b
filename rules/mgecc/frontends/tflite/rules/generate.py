"""Numbers that depend on shapes and constants alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.frontends.build import MAX_FOLDED
from mgecc.frontends.compose import sizes_of
from mgecc.frontends.tensors import INT64
from mgecc.graph import Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.known import broadcast_shape

from . import Tensor, TensorBuilder, TfliteNode, rule


@rule("GetVarShape", "SHAPE")
def shape_of(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    shape = node.operand(0).shape
    dtype = INT64 if node.outputs[0].type == "INT64" else INT32
    return [sizes_of(t, shape, dtype)]


@rule("GetVarShape", "RANK")
def rank(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.constant(np.array(node.operand(0).rank, np.int32))]


@rule("Linspace", "RANGE")
def range_(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Begin, limit, step."""
    begin, limit, step = (node.operand(k).known.reshape(-1)[0] for k in range(3))
    dtype = node.operand(0).dtype
    if not step:
        raise Unsupported("its step is 0", "convert the model again")
    if abs((limit - begin) / step) * dtype.size > MAX_FOLDED:
        raise Unsupported(f"the numbers from {begin} to {limit} are too many to compute beforehand")
    return [t.constant(np.arange(begin, limit, step), dtype)]


@rule("Broadcast", "BROADCAST_ARGS")
def broadcast_args(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The shape that two shapes have together."""
    x = node.operand(0)
    shape = broadcast_shape([tuple(node.operand(k).integers) for k in range(2)])
    return [t.constant(np.array(shape, x.dtype.numpy), x.dtype)]


@rule("Alloc", "FILL")
def fill(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.broadcast(node.operand(1), node.operand(0).integers)]


@rule("Alloc", "ZEROS_LIKE")
def zeros_like(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.broadcast(t.like(node.operand(0), 0), node.operand(0).shape)]
