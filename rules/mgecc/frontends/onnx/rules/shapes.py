"""Shapes: reshapes, transposes, joins, parts."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from mgecc.frontends import compose
from mgecc.frontends.tensors import INT64
from mgecc.graph import Unsupported
from mgecc.graph.symbolic import has_sizes
from mgecc.ops.known import axis_of, broadcast_shape

from ..dtypes import array_of
from . import OnnxNode, Tensor, TensorBuilder, rule

_MOST_PARTS = 1 << 16


@rule("GetVarShape", "Shape")
def shape_of(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    shape = node.operand(0).shape[slice(node.get("start", 0), node.get("end", None))]
    return [compose.sizes_of(t, shape, INT64)]


@rule("GetVarShape", "Size")
def size_of(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    count = node.operand(0).elements
    return [t.constant(np.array(count, object if has_sizes([count]) else np.int64), INT64)]


@rule("Reshape", "Reshape")
def reshape(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """0 keeps an axis, unless ``allowzero``; -1 is what remains."""
    x, stated = node.operand(0), node.operand(1).integers
    keeps = not node.get("allowzero", 0)
    shape = [x.shape[k] if n == 0 and keeps and k < x.rank else n for k, n in enumerate(stated)]
    return [compose.reshaped(t, x, shape)]


@rule("Reshape", "Flatten")
def flatten(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, axis = node.operand(0), node.get("axis", 1)
    axis = axis + x.rank if axis < 0 else axis
    return [t.reshape(x, (prod(x.shape[:axis]), prod(x.shape[axis:])))]


@rule("AxisAddRemove", "Squeeze")
def squeeze(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, axes = node.operand(0), node.optional(1)
    if axes is not None:
        return [t.squeeze(x, axes.integers)]
    return [t.squeeze(x, [axis for axis, n in enumerate(x.shape) if n == 1])]


@rule("AxisAddRemove", "Unsqueeze")
def unsqueeze(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.unsqueeze(node.operand(0), node.operand(1).integers)]


@rule("Dimshuffle", "Transpose")
def transpose(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    return [t.transpose(x, node.get("perm", list(reversed(range(x.rank)))))]


@rule("Broadcast", "Expand")
def expand(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    return [t.broadcast(x, broadcast_shape([x.shape, tuple(node.operand(1).integers)]))]


@rule("Concat", "Concat")
def concat(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.concat(node.given, node.require("axis"))]


@rule("Split", "Split")
def split(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Parts of stated sizes, or as many as asked for, of which the last may be smaller."""
    x, sizes = node.operand(0), node.optional(1)
    axis = axis_of(node.get("axis", 0), x.rank)
    if sizes is not None:
        return t.split(x, axis, sizes.integers)
    count, n = node.get("num_outputs", len(node.outputs)), x.shape[axis]
    if not 0 < count <= _MOST_PARTS:
        raise Unsupported(f"{count} parts are not supported")
    each = -(-n // count)
    return t.split(x, axis, [*[each] * (count - 1), n - each * (count - 1)])


@rule("Subtensor", "Slice")
def slice_(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, starts, ends = node.operand(0), node.operand(1).integers, node.operand(2).integers
    axes, steps = node.optional(3), node.optional(4)
    places = list(range(len(starts))) if axes is None else axes.integers
    strides = [1] * len(starts) if steps is None else steps.integers
    if not len(starts) == len(ends) == len(places) == len(strides):
        raise Unsupported("its starts, ends, axes and steps are not as many")
    spans = {
        axis_of(axis, x.rank): _span(x.shape[axis_of(axis, x.rank)], begin, end, step)
        for axis, begin, end, step in zip(places, starts, ends, strides)
    }
    return [t.slice(x, spans)]


def _span(size: int, begin: int, end: int, step: int) -> tuple[int | None, int | None, int]:
    """As Python counts; bounds beyond the axis are none."""
    if step == 0:
        raise Unsupported("a slice has step 0")
    if has_sizes([size, begin, end]):
        return begin, end, step
    low, high = (0, size) if step > 0 else (-1, size - 1)
    first, last = (min(max(n + size if n < 0 else n, low), high) for n in (begin, end))
    return first, None if last < 0 else last, step


@rule("MeshIndexing", "Gather")
def gather(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.take(node.operand(0), node.get("axis", 0), node.operand(1))]


@rule("Alloc", "ConstantOfShape")
def constant_of_shape(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    value = array_of(node.attrs["value"]) if "value" in node.attrs else np.zeros(1, np.float32)
    return [t.broadcast(t.constant(value.reshape(())), node.operand(0).integers)]


@rule("Alloc", "Constant")
def constant(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    types = {
        "value_float": np.float32,
        "value_int": np.int64,
        "value_floats": np.float32,
        "value_ints": np.int64,
    }
    for name, value in node.attrs.items():
        if name == "value":
            return [t.constant(array_of(value))]
        if name in types:
            return [t.constant(np.array(value, types[name]))]
    raise Unsupported(f"constants of the form {', '.join(node.attrs)} are not supported")
