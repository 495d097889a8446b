"""Shapes, joins and layouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mgecc.frontends.build import GraphBuilder
from mgecc.graph import Unsupported, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.ops.known import AxisAttrs
from mgecc.ops.padding import PaddingAttrs
from mgecc.ops.relayout import RelayoutFormatAttrs
from mgecc.ops.shape_of import GetVarShapeAttrs
from mgecc.ops.shapes import AxisAddRemoveAttrs, DimshuffleAttrs, ReshapeAttrs

from ..model import Record
from . import Params, attributes, record

_NO_AXIS = 7
_RELAYOUTS = {
    "NCHW_NHWC": RelayoutFormatAttrs("nchw", "nhwc"),
    "NHWC_NCHW": RelayoutFormatAttrs("nhwc", "nchw"),
    "NCHW_NCHW4": RelayoutFormatAttrs("nchw", "nchwC", 4),
    "NCHW_NCHW4_IC_SMALL": RelayoutFormatAttrs("nchw", "nchwC", 4),
    "NCHW_NCHW88": RelayoutFormatAttrs("nchw", "nchwC", 8),
    "NCHW_NCHW64": RelayoutFormatAttrs("nchw", "nchwC", 64),
    "NCHW4_NCHW": RelayoutFormatAttrs("nchwC", "nchw"),
    "NCHW88_NCHW": RelayoutFormatAttrs("nchwC", "nchw"),
    "NCHW64_NCHW": RelayoutFormatAttrs("nchwC", "nchw"),
    "NCHW4_CHWN4": RelayoutFormatAttrs("nchwC", "chwnC", 4),
    "CHWN4_NCHW4": RelayoutFormatAttrs("chwnC", "nchwC", 4),
    "NCHW_NCHW4_WEIGHT": RelayoutFormatAttrs("oihw", "oihwI", 4, "oihw"),
    "NCHW_NCHW4_IC_SMALL_CONV_DENSE_WEIGHT": RelayoutFormatAttrs("oihw", "oihwI", 4, "oihw"),
    "NCHW_NCHW88_CONV_DENSE_WEIGHT": RelayoutFormatAttrs("oihw", "oihwIO", 8, "oihw"),
    "NCHW_NCHW88_CONV_GROUP_WEIGHT": RelayoutFormatAttrs("goihw", "goihwIO", 8, "goihw"),
    "NCHW_NCHW88_CONV_CHAN_WEIGHT": RelayoutFormatAttrs("goihw", "goihwG", 8, "goihw"),
}


@attributes("Reshape", "ReshapeV1", "Reshape")
def reshape(params: Params) -> ReshapeAttrs:
    return ReshapeAttrs(params["axis"] if 0 <= params["axis"] < _NO_AXIS else None)


@attributes("Broadcast", "Broadcast")
def broadcast(params: Params) -> NoAttrs:
    return NoAttrs()


@attributes("Dimshuffle", "Dimshuffle")
def dimshuffle(params: Params) -> DimshuffleAttrs:
    return DimshuffleAttrs(params["pattern"])


@attributes("AxisAddRemove", "AxisAddRemove")
def axis_add_remove(params: Params) -> AxisAddRemoveAttrs:
    return AxisAddRemoveAttrs(params["desc"])


@attributes("GetVarShape", "GetVarShapeV1", "GetVarShape")
def shape_of(params: Params) -> GetVarShapeAttrs:
    return GetVarShapeAttrs(None if params["axis"] == _NO_AXIS else params["axis"])


@attributes("Concat", "Concat")
@attributes("Split", "Split")
def along_axis(params: Params) -> AxisAttrs:
    return AxisAttrs(params["axis"])


@attributes("RelayoutFormat", "RelayoutFormatV1", "RelayoutFormat")
def relayout_format(params: Params) -> RelayoutFormatAttrs:
    mode = str(params["mode"])
    if mode not in _RELAYOUTS:
        advice = "dump the model without enable_hwcd4" if "NHWCD4" in mode or "INTER_WEIGHT" in mode else ""
        raise Unsupported(f"the change of layout {mode} is not supported", advice)
    return replace(_RELAYOUTS[mode], channels=params["oc"], output_dtype=params["output_dtype"])


_PADDING: dict[Any, Any] = {"CONSTANT": "constant", "REFLECT": "reflect", "REPLICATE": "replicate"}


@record("Padding", "Padding")
def padding(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    """The record has room for seven axes, whatever the data has."""
    p = record.params
    rank = inputs[0].type.rank if inputs else 0
    pairs = tuple((p[f"front_offset_dim{axis}"], p[f"back_offset_dim{axis}"]) for axis in range(rank))
    mode = _PADDING.get(p["padding_mode"], p["padding_mode"])
    return build.add("Padding", PaddingAttrs(pairs, mode, p["padding_val"]), inputs)
