"""Sums of quantised bytes by integers: most scales have factors, and every pair of bytes gives the meaning."""

from __future__ import annotations

import harness
import numpy as np
import pytest
from cases import Close, case_of, run_native
from mgecc.graph import DType
from mgecc.kernels.qelem.integer_sum import integer_factors
from mgecc.targets import load_target

RNG = np.random.default_rng(11)
TYPES = [(kind, zero) for kind in ("qint8", "quint8") for zero in ((0,) if kind == "qint8" else (128, 3))]


def random_type(scale: float) -> DType:
    kind, zero = TYPES[RNG.integers(len(TYPES))]
    return DType(kind, float(np.float32(scale * RNG.uniform(0.3, 3))), zero)


def test_nearly_all_scales_have_factors() -> None:
    found = [
        integer_factors((random_type(0.1), random_type(0.1)), random_type(0.15), mode)
        for mode in ("add", "add_relu")
        for _ in range(20)
    ]
    assert sum(each is not None for each in found) >= 36


@pytest.mark.parametrize("mode", ["add", "add_relu"])
@pytest.mark.parametrize(
    ("first", "last", "out"),
    [
        (DType("qint8", 0.1), DType("qint8", 0.05), DType("qint8", 0.11)),
        (DType("qint8", 0.125), DType("qint8", 0.125), DType("qint8", 0.25)),  # halves, away from zero
        (DType("quint8", 0.1, 131), DType("qint8", 0.02), DType("quint8", 0.07, 9)),
    ],
)
def test_all_pairs_of_bytes_give_the_meaning(first: DType, last: DType, out: DType, mode: str) -> None:
    stored = [np.arange(t.range[0], t.range[1] + 1).astype(t.numpy) for t in (first, last)]
    pairs = [array.reshape(1, 4, 128, 128) for array in np.meshgrid(*stored)]
    values = [harness.value(name, pairs[0].shape, t) for name, t in (("a", first), ("b", last))]
    node = harness.node("ElemwiseMultiType", values, mode=mode, output_dtype=out)
    target = load_target("baremetal")
    whys = [candidate.why for candidate in harness.all_candidates(node, target)]
    assert whys.count("sums of integers") == 2
    run_native([case_of(node, pairs, Close(0, 0))], target)
