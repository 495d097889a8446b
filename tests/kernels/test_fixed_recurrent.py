"""Recurrent layers in fixed point give the numbers of their meaning, on every instruction set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import harness
import numpy as np
from cases import TWO, Case, Close, case_of, on, over
from mgecc.graph import DType, Value
from mgecc.ops.rescale import Rescale
from mgecc.targets import Target
from quantised import stored

EXACT = Close(0, 0)
PLAIN = DType("qint8")


def _constant(rng: np.random.Generator, *shape: int, dtype: DType = PLAIN) -> Value:
    numbers = rng.integers(-5000, 5000, shape) if dtype.size > 1 else rng.integers(-128, 128, shape)
    return harness.value("w", shape, dtype, numbers.astype(dtype.numpy))


@on(TWO)
@over("sizes", [(1, 1, 1, 1), (5, 1, 28, 20), (3, 2, 7, 9), (2, 3, 33, 4)])
@over("attrs", [{}, {"clip": 700}, {"cell_bits": 15, "enter": 2.0**-15}, {"cell_bits": 9, "enter": 2.0**-21}])
def test_lstm(target: Target, sizes: tuple[int, int, int, int], attrs: dict[str, Any]) -> Iterator[Case]:
    rng, (t, n, inner, hidden) = np.random.default_rng(9), sizes
    x, h = DType("qint8", 0.02, -7), DType("qint8", 0.008, 21)
    values = [harness.value("x", (t, n, inner), x), harness.value("h", (n, hidden), h)]
    values.append(harness.value("c", (n, hidden), DType("qint16", 2.0**-12)))
    values += [_constant(rng, 4 * hidden, k) for k in (inner, hidden)]
    values.append(_constant(rng, 4 * hidden, dtype=DType("int32")))
    words = {"given": (0.3, 0.2, 0.4, 0.1), "kept": (0.11, 0.09, 0.3, 0.2), "forget": 2.0**-15}
    words |= {"enter": 2.0**-18, "leave": 2.0**-23, "cell_bits": 12, "clip": 0, "dtype": h}
    node = harness.node("FixedLSTM", values, **(words | attrs))
    given = [v.const if v.const is not None else stored(rng, v.shape, v.type.dtype) for v in node.inputs]
    yield case_of(node, given, EXACT)


@on(TWO)
@over("sizes", [(1, 1, 1, 1, 1), (2, 13, 4, 3, 6), (1, 40, 16, 2, 8)])
@over("kept", [DType("qint16", 0.001), DType("qint8", 0.1), DType("qint8", 0.1, -3)])
def test_svdf(target: Target, sizes: tuple[int, int, int, int, int], kept: DType) -> Iterator[Case]:
    rng, (n, inner, units, rank, memory) = np.random.default_rng(10), sizes
    values = [harness.value("x", (n, inner), DType("qint8", 0.02, 4))]
    values.append(harness.value("kept", (n, units * rank * memory), kept))
    values.append(_constant(rng, units * rank, inner))
    values.append(_constant(rng, units * rank, memory, dtype=DType(kept.name)))
    values.append(_constant(rng, units, dtype=DType("int32")))
    y, factor = DType("qint8", 0.2, -20), 3e-6 if kept.size > 1 else 0.01
    by = Rescale("double", (factor,), -128, 120)
    node = harness.node(
        "FixedSVDF", values, rank=rank, feature=1.7 if kept.size > 1 else 0.02, rescale=by, dtype=y
    )
    given = [v.const if v.const is not None else stored(rng, v.shape, v.type.dtype) for v in node.inputs]
    yield case_of(node, given, EXACT)
