"""Kernels between the integers of inputs and outputs and those that kernels compute in, against the meaning."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import TWO, Case, Close, on, over
from harness import node, value
from mgecc.graph import DType
from mgecc.targets import Target


@on(TWO)
@over("wide", ["int64", "uint64", "uint32"])
def test_integers_change_their_width(target: Target, wide: str) -> Iterator[Case]:
    edges = [0, 1, 2**31 - 1, 2**31, 2**32 - 1]
    signed = [-n for n in edges] if wide == "int64" else []
    numbers = np.array([*edges, *signed, *([2**62] if wide.endswith("64") else [])]).astype(wide)
    for shape in ((numbers.size,), (1, numbers.size, 1), (numbers.size, 1), (1, 1, 1, numbers.size)):
        x = numbers.reshape(shape)
        yield Case(lambda s=shape: node("TypeCvt", [value("x", s, wide)], dtype=DType("int32")), [x], Close())
        y = x.astype(np.int32)
        yield Case(lambda s=shape: node("TypeCvt", [value("x", s, "int32")], dtype=DType(wide)), [y], Close())
