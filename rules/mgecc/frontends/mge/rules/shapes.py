"""Shapes, joins and layouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mgecc.frontends.build import GraphBuilder
from mgecc.graph import Value
from mgecc.ops.padding import PaddingAttrs

from ..model import Record
from . import as_written, record

as_written("Reshape", "ReshapeV1", "Reshape")
as_written("Broadcast", "Broadcast")
as_written("Dimshuffle", "Dimshuffle")
as_written("AxisAddRemove", "AxisAddRemove")
as_written("GetVarShape", "GetVarShapeV1", "GetVarShape")
as_written("Concat", "Concat")
as_written("Split", "Split")
as_written("RelayoutFormat", "RelayoutFormatV1", "RelayoutFormat")

_PADDING: dict[Any, Any] = {"CONSTANT": "constant", "REFLECT": "reflect", "REPLICATE": "replicate"}


@record("Padding", "Padding")
def padding(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    """The record has room for seven axes, whatever the data has."""
    p = record.params
    rank = inputs[0].type.rank if inputs else 0
    pairs = tuple((p[f"front_offset_dim{axis}"], p[f"back_offset_dim{axis}"]) for axis in range(rank))
    mode = _PADDING.get(p["padding_mode"], p["padding_mode"])
    return build.add("Padding", PaddingAttrs(pairs, mode, p["padding_val"]), inputs)
