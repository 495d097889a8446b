"""Choice of elements by masks."""

from __future__ import annotations

from mgecc.graph.attributes import NoAttrs
from mgecc.ops.selection import CondTakeAttrs, MaskedFillAttrs, NMSKeepAttrs

from ..parameters import word
from . import Params, attributes


@attributes("CondTake", "CondTake")
def taken_by_condition(params: Params) -> CondTakeAttrs:
    return CondTakeAttrs(word(params["mode"]), params["val"], params["eps"])


@attributes("NonZero", "NonZero")
@attributes("Where", "Where")
def plain_choice(params: Params) -> NoAttrs:
    return NoAttrs()


@attributes("MaskedFill", "MaskedFill")
def masked_fill(params: Params) -> MaskedFillAttrs:
    return MaskedFillAttrs(params["value"])


@attributes("NMSKeep", "NMSKeepMGB", "NMSKeep")
def suppression(params: Params) -> NMSKeepAttrs:
    return NMSKeepAttrs(params["iou_thresh"], params["max_output"])
