"""Floats to quantised numbers on every core: at both sides of every half step, and those that are no numbers."""

from __future__ import annotations

import harness
import numpy as np
import pytest
from cases import Case, Close, case_of, run_as_program, run_native
from mgecc.graph import DType
from mgecc.targets import load_target
from specials import has_denormals

CORES = (
    "baremetal",
    "cortex-m7",
    "cortex-m7+nodouble",
    "cortex-m33",
    "cortex-m33+nodsp",
    "cortex-m55",
    "cortex-m55+nomve",
    "cortex-m3",
    "cortex-m0",
)
DTYPES = (
    DType("qint8", 0.25),
    DType("qint8", 1 / 255),
    DType("qint8", 0.0372),
    DType("qint8", 1e-30),
    DType("qint8", 3e38),
    DType("quint8", 0.5, 0),
    DType("quint8", 0.3, 128),
    DType("quint8", 0.0625, 255),
    DType("qint4", 0.125),
    DType("quint4", 0.3, 7),
    DType("qint16", 0.25),
)


def _numbers(dtype: DType) -> np.ndarray:
    """float32: half steps within the range of the type and beyond, with two neighbours on either side; for wide
    types a part of them. Then the ends of float32."""
    low, high = (bound - dtype.zero_point for bound in dtype.range)
    steps = np.unique(np.rint(np.linspace(low - 3, high + 3, 300))) + 0.5
    scale = float(np.float32(dtype.scale))
    with np.errstate(over="ignore"):
        halves = (steps * scale).astype(np.float32)
    near = [halves]
    for end in (np.inf, -np.inf):
        once = np.nextafter(halves, np.float32(end))
        near += [once, np.nextafter(once, np.float32(end))]
    ends = np.array(
        [0.0, np.inf, np.nan, 3.4e38, 2.0**31, 2147483520.0, 2.0**23, 0.49999997, 1e-45], np.float32
    )
    return np.concatenate([*near, ends, -ends])


def _cases(denormals: bool = True) -> list[Case]:
    """Without ``denormals`` not those of scales whose reciprocal is one."""
    cases = []
    for dtype in DTYPES if denormals else [d for d in DTYPES if d.scale < 1e37]:
        numbers = _numbers(dtype)
        node = harness.node("TypeCvt", [harness.value("x", numbers.shape, DType("float32"))], dtype=dtype)
        cases.append(case_of(node, [numbers], Close(0, 0)))
    return cases


@pytest.mark.parametrize("core", CORES)
def test_both_sides_of_every_half_give_the_meaning(core: str) -> None:
    run_as_program(_cases(has_denormals(load_target(core).isa)), core)


def test_on_this_machine() -> None:
    for target in harness.host_targets():
        run_native(_cases(), target)


def test_plain_c() -> None:
    run_native(_cases(), load_target("cortex-m4f"))
