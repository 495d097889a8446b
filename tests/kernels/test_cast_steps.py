"""Floats to quantised bytes by steps: floats at both sides of every step, and those that are no numbers."""

from __future__ import annotations

import harness
import numpy as np
import pytest
from cases import Close, case_of, run_native
from mgecc.graph import DType
from mgecc.kernels.qelem.cast_steps import least_keys
from mgecc.targets import load_target


@pytest.mark.parametrize(
    "dtype",
    [
        DType("qint8", 0.25),
        DType("qint8", 0.0372),
        DType("quint8", 1e-30, 7),
        DType("qint8", 3e38),
        DType("quint8", 0.3, 255),
    ],
    ids=str,
)
def test_both_sides_of_every_step_give_the_meaning(dtype: DType) -> None:
    keys = least_keys(dtype).astype(np.int64)
    near = np.concatenate([keys[keys < 0x7F800000] + d for d in (-1, 0, 1)])
    bits = np.where(near < 0, near ^ 0x7FFFFFFF, near).astype(np.int32)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 3.4e38, -3.4e38, 1e-45], np.float32)
    numbers = np.concatenate([bits.view(np.float32), special])
    node = harness.node("TypeCvt", [harness.value("x", numbers.shape, DType("float32"))], dtype=dtype)
    target = load_target("cortex-m3")
    assert "steps found by halving" in [candidate.why for candidate in harness.all_candidates(node, target)]
    run_native([case_of(node, [numbers], Close(0, 0))], target)
