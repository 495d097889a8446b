"""Explicit changes of layout move every element to its place and fill the last block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import Case, over
from checks import agree, given, on_host
from mgecc.graph import DType
from mgecc.targets import Target

CHANGES = (
    ("nchw", "nhwc", 1), ("nhwc", "nchw", 1), ("nchw", "nchwC", 4), ("nchw", "nchwC", 8), ("nchw", "nchwC", 64),
    ("nchwC", "nchw", 4), ("nchwC", "nchw", 8), ("nchwC", "nchw", 64), ("nchwC", "chwnC", 4), ("chwnC", "nchwC", 4),
)  # fmt: skip
"""Layouts, and the channels of a block on the one side that has them."""


@on_host
@over(("source", "target_word", "block"), CHANGES)
@over("dtype", ["float32", "int8", "float16"])
@over("channels", [1, 5, 70])
def test_change_of_layout(
    target: Target, source: str, target_word: str, block: int, dtype: str, channels: int
) -> Iterator[Case]:
    inner = block if "C" in source else 1
    sizes = {"n": 2, "c": -(-channels // inner), "h": 3, "w": 5, "C": inner}
    x = np.random.default_rng(0).integers(-100, 100, [sizes[axis] for axis in source]).astype(dtype)
    attrs = {
        "source": source,
        "target": target_word,
        "block": block if "C" in target_word else 1,
        "channels": channels if inner in (4, 64) and target_word == "nchw" else 0,
    }
    yield agree("RelayoutFormat", attrs, [given(x)], rtol=0, atol=0)


@on_host
def test_filled_lanes_hold_the_zero_point(target: Target) -> Iterator[Case]:
    x = np.random.default_rng(0).integers(0, 255, (1, 3, 2, 2)).astype(np.uint8)
    pair = given(x, dtype=DType("quint8", 0.5, 128))
    yield agree("RelayoutFormat", {"source": "nchw", "target": "nchwC", "block": 4}, [pair], rtol=0, atol=0)
