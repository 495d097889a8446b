"""Data and weights in the stored layouts of records, brought to plain ones and back by transposes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.frontends.build import GraphBuilder
from mgecc.graph import Attributes, Value
from mgecc.graph.types import INT32
from mgecc.ops import layout
from mgecc.ops.index_items import IndexAttrs, flags
from mgecc.ops.shapes import DimshuffleAttrs, ReshapeAttrs

from .formats import BLOCKS, layout_of, weights_layout


def plain(build: GraphBuilder, value: Value, data_format: str) -> Value:
    """An activation stored in a layout such as NCHW44 as (n, c, h, w); Unsupported for layouts that there are not."""
    return _plain(build, value, layout_of(data_format, value.type.rank), "nchw")


def plain_weights(build: GraphBuilder, value: Value, data_format: str, sparse: str) -> Value:
    """Weights of a convolution as (o, i, h, w), where ``sparse`` is GROUP (g, o, i, h, w)."""
    axes = "goihw" if sparse == "GROUP" else "oihw"
    return _plain(build, value, weights_layout(data_format, sparse, value.type.rank), axes)


def _plain(build: GraphBuilder, value: Value, stored: str, axes: str) -> Value:
    if stored == axes:
        return value
    turned = _transpose(build, value, _order(stored, axes))
    return reshaped(build, turned, layout.plain_shape(value.shape, stored, axes))


def stored_as(build: GraphBuilder, value: Value, data_format: str, stored: str) -> Value:
    """(n, c, h, w) in the layout ``stored`` (a word of ``layout``) of ``data_format``, whole blocks of channels."""
    if stored == "nchw":
        return value
    order = _order(stored, "nchw")
    shape = layout.stored_shape(value.shape, stored, BLOCKS[data_format])
    split = reshaped(build, value, [shape[i] for i in order])
    return _transpose(build, split, [int(i) for i in np.argsort(order)])


def add_plain(
    build: GraphBuilder, op: str, attrs: Attributes, inputs: Sequence[Value], data_format: str
) -> list[Value]:
    """The results of a node in plain layout, whose first input and first result are stored in that of the record."""
    build.check(op, attrs, inputs)
    stored = layout_of(data_format, inputs[0].type.rank)
    first, *more = build.add(op, attrs, [plain(build, inputs[0], data_format), *inputs[1:]])
    return [stored_as(build, first, data_format, stored), *more]


def turned(build: GraphBuilder, value: Value, axes: Sequence[int]) -> Value:
    """The elements along the axes in the opposite order."""
    if value.const is not None:
        return build.constant(value.name, np.flip(value.const, tuple(axes)), value.type.dtype)
    back = build.constant(f"{value.name}.step", np.array([-1]), INT32)
    items = tuple(flags(axis, step=True) for axis in axes)
    return build.add("Subtensor", IndexAttrs(items), [value, *[back] * len(items)])[0]


def _order(stored: str, axes: str) -> list[int]:
    """Axes of a stored value in the order that brings each block behind its axis."""
    return [i for group in layout.groups(stored, axes) for i in group]


def _transpose(build: GraphBuilder, value: Value, order: list[int]) -> Value:
    if value.const is not None:
        return build.constant(value.name, value.const.transpose(order), value.type.dtype)
    return build.add("Dimshuffle", DimshuffleAttrs(tuple(order)), [value])[0]


def reshaped(build: GraphBuilder, value: Value, shape: Sequence[int]) -> Value:
    """The same elements in another shape; constants keep their name."""
    if value.const is not None:
        return build.constant(value.name, value.const.reshape(tuple(shape)), value.type.dtype)
    sizes = build.constant(f"{value.name}.shape", np.array(shape), INT32)
    return build.add("Reshape", ReshapeAttrs(), [value, sizes])[0]
