"""Bilinear interpolation by integers gives the numbers of its meaning, on every instruction set."""

from __future__ import annotations

from collections.abc import Iterator

import harness
import numpy as np
from cases import TWO, Case, Close, case_of, on, over
from mgecc.graph import DType
from mgecc.targets import Target
from quantised import inputs_of


@on(TWO)
@over("centred", [False, True])
@over("sizes", [(1, 1, 5, 7), (3, 5, 1, 1), (4, 6, 11, 13), (9, 8, 3, 5), (2, 3, 2, 3)])
def test_images_change_their_size(
    target: Target, sizes: tuple[int, int, int, int], centred: bool
) -> Iterator[Case]:
    h, w, rows, columns = sizes
    steps = tuple((1024 * source + target // 2) // target for source, target in ((h, rows), (w, columns)))
    for channels in (1, 5, 16):
        x = harness.value("x", (2, channels, h, w), DType("qint8", 0.1, -7))
        node = harness.node("FixedResize", [x], size=(rows, columns), steps=steps, centred=centred)
        yield case_of(node, inputs_of(np.random.default_rng(12), node), Close(0, 0))
