"""Pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mgecc.frontends.build import GraphBuilder
from mgecc.graph import Value
from mgecc.ops.pooling import AdaptivePoolingAttrs, PoolingAttrs

from ..layouts import add_plain
from ..model import Record
from . import Params, record

_MEANS = {"AVERAGE": True, "AVERAGE_COUNT_EXCLUDE_PADDING": False}
"""Modes that take means, and whether they count the padding."""


def _mode(params: Params) -> Any:
    """Ours; a number that stands for no mode stays one, and is refused as such."""
    mode = params["mode"]
    return "average" if mode in _MEANS else "max" if mode == "MAX" else mode


@record("Pooling", "PoolingV1", "Pooling")
def pooling(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    p = record.params
    attrs = PoolingAttrs(
        window=(p["window_h"], p["window_w"]),
        stride=(p["stride_h"], p["stride_w"]),
        padding=((p["pad_h"], p["pad_h"]), (p["pad_w"], p["pad_w"])),
        mode=_mode(p),
        count_padding=_MEANS.get(p["mode"], True),
    )
    return add_plain(build, "Pooling", attrs, inputs, p["format"])


@record("AdaptivePooling", "AdaptivePoolingV1", "AdaptivePooling")
def adaptive_pooling(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    attrs = AdaptivePoolingAttrs(_mode(record.params))
    return add_plain(build, "AdaptivePooling", attrs, inputs, record.params["format"])
