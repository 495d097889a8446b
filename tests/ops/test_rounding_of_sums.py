"""Sums of quantised products become the nearest stored number of the exact value, but for what float32 cannot tell."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from mgecc.graph import DType
from mgecc.ops.activation import IDENTITY
from mgecc.ops.arithmetic import Numbers, finish, product_type
from mgecc.ops.quantize import scale_of

DECIMALS = ((0.05, 0.03, 0.6), (0.02, 0.03, 0.3), (0.04, 0.005, 0.1), (0.025, 0.05, 1.5), (0.1, 0.02, 0.05))


def _nearest(value: Fraction) -> int:
    """Halves away from zero, within a byte."""
    whole = (abs(value) + Fraction(1, 2)).__floor__()
    return max(-128, min(127, whole if value >= 0 else -whole))


def test_only_ties_within_a_float_go_the_other_way() -> None:
    sums = np.arange(-4000, 4001)
    for a, b, c in DECIMALS:
        x, w, y = DType("qint8", a), DType("qint8", b), DType("qint8", c)
        exact = Fraction(float(scale_of(x))) * Fraction(float(scale_of(w))) / Fraction(float(scale_of(y)))
        got = finish(Numbers(sums, product_type(x, w)), (), IDENTITY, y)
        wrong = [int(s) for s, g in zip(sums, got) if int(g) != _nearest(int(s) * exact)]
        for s in wrong:
            value = abs(s * exact)
            assert abs(value % 1 - Fraction(1, 2)) < value * Fraction(2) ** -22, (s, a, b, c)
        assert len(wrong) < len(sums) / 100
