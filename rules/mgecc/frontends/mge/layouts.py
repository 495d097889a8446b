"""Data in the stored layouts of records, brought to plain (n, c, h, w) and back by transposes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.frontends.build import GraphBuilder
from mgecc.graph import Value
from mgecc.graph.types import INT32
from mgecc.ops import layout


def plain(build: GraphBuilder, value: Value, data_format: str) -> Value:
    """An activation stored in a layout such as NCHW44 as (n, c, h, w); Unsupported for layouts that there are not."""
    stored = layout.word(data_format, value.type.rank)
    if stored == "nchw":
        return value
    return _reshape(build, _transpose(build, value, _order(stored)), layout.plain_shape(value.shape, stored))


def stored_as(build: GraphBuilder, value: Value, data_format: str, stored: str) -> Value:
    """(n, c, h, w) in the layout ``stored`` (a word of ``layout``) of ``data_format``, whole blocks of channels."""
    if stored == "nchw":
        return value
    order = _order(stored)
    shape = layout.stored_shape(value.shape, stored, layout.BLOCKS[data_format])
    split = _reshape(build, value, [shape[i] for i in order])
    return _transpose(build, split, [int(i) for i in np.argsort(order)])


def _order(stored: str) -> list[int]:
    """Axes of a stored value in the order that brings each block behind its axis."""
    return [i for group in layout.groups(stored, "nchw") for i in group]


def _transpose(build: GraphBuilder, value: Value, order: list[int]) -> Value:
    attrs = {"pattern": order, "ndim": len(order), "output_dtype": None}
    return build.add("Dimshuffle", attrs, [value])[0]


def _reshape(build: GraphBuilder, value: Value, shape: Sequence[int]) -> Value:
    sizes = build.constant(f"{value.name}.shape", np.array(shape), INT32)
    return build.add("Reshape", {"axis": 7, "output_dtype": None}, [value, sizes])[0]
