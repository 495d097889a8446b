"""Images and volumes read at computed places."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import TWO, Case, Close, case_of, on, over
from harness import node, value
from mgecc.targets import Target


@on(TWO)
@over("mode", ["nearest", "linear", "cubic"])
@over("border", ["zeros", "border", "reflection"])
@over("align_corners", [False, True])
def test_places_inside_and_outside(
    target: Target, mode: str, border: str, align_corners: bool
) -> Iterator[Case]:
    """The last sizes have an axis of one element."""
    rng = np.random.default_rng(5)
    attrs = {"mode": mode, "border": border, "align_corners": align_corners}
    for size, out in [((4, 5), (3, 2)), ((3, 4, 2), (2, 3, 2)), ((1, 3), (2, 7))]:
        x, shape = rng.normal(size=(2, 3, *size)).astype(np.float32), (2, *out, len(size))
        grid = rng.uniform(-2, 2, shape).astype(np.float32)
        sampled = node("GridSample", [value("x", x.shape), value("grid", shape)], **attrs)
        yield case_of(sampled, [x, grid], Close(1e-4, 1e-4))
