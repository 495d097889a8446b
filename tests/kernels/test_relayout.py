"""Explicit changes of layout move every element to its place and fill the last block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import Case, over
from checks import agree, given, on_host
from mgecc.graph import DType
from mgecc.targets import Target

MODES = {
    "NCHW_NHWC": "nchw", "NHWC_NCHW": "nhwc", "NCHW_NCHW4": "nchw", "NCHW_NCHW4_IC_SMALL": "nchw",
    "NCHW_NCHW88": "nchw", "NCHW_NCHW64": "nchw", "NCHW4_NCHW": "nchw4", "NCHW88_NCHW": "nchw8",
    "NCHW64_NCHW": "nchw64", "NCHW4_CHWN4": "nchw4", "CHWN4_NCHW4": "chwn4",
}  # fmt: skip


@on_host
@over("mode", sorted(MODES))
@over("dtype", ["float32", "int8", "float16"])
@over("channels", [1, 5, 70])
def test_change_of_layout(target: Target, mode: str, dtype: str, channels: int) -> Iterator[Case]:
    word, block = MODES[mode][:4], int(MODES[mode][4:] or 1)
    sizes = {"n": 2, "c": -(-channels // block), "h": 3, "w": 5}
    shape = [sizes[axis] for axis in word] + ([block] if block > 1 else [])
    x = np.random.default_rng(0).integers(-100, 100, shape).astype(dtype)
    cut = channels if mode in ("NCHW4_NCHW", "NCHW64_NCHW") else 0
    yield agree("RelayoutFormat", {"mode": mode, "oc": cut, "group": 1}, [given(x)], rtol=0, atol=0)


@on_host
def test_filled_lanes_hold_the_zero_point(target: Target) -> Iterator[Case]:
    x = np.random.default_rng(0).integers(0, 255, (1, 3, 2, 2)).astype(np.uint8)
    pair = given(x, dtype=DType("quint8", 0.5, 128))
    yield agree("RelayoutFormat", {"mode": "NCHW_NCHW4", "oc": 0, "group": 1}, [pair], rtol=0, atol=0)
