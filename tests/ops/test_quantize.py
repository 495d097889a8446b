"""Rounding, saturation and units of quantised numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from mgecc.graph import DType
from mgecc.ops.quantize import dequantize, quantize, requantize, round_half_away, same_unit


@given(st.floats(-1e6, 1e6, width=32))
def test_rounding_goes_to_the_nearest_and_halves_away_from_zero(x):
    got = float(round_half_away(np.array([x], np.float32))[0])
    assert abs(got - x) <= 0.5 and got == int(got)
    assert abs(got) >= abs(x) or abs(got - x) < 0.5


def test_the_largest_number_below_a_half_rounds_to_zero():
    below = np.nextafter(np.float32(0.5), np.float32(0))
    np.testing.assert_array_equal(round_half_away(np.array([below, -below, 0.5, -0.5], "f4")), [0, 0, 1, -1])


def test_quantising_saturates_in_every_type():
    far = np.array([-1e30, 1e30, -np.inf, np.inf], "f4")
    for name in ("qint8", "quint8", "qint16", "qint32", "qint4", "quint4"):
        dtype = DType(name, 0.5, 3 if name.startswith("quint") else 0)
        np.testing.assert_array_equal(quantize(far, dtype), [*dtype.range] * 2)
        assert quantize(far, dtype).dtype == dtype.numpy


@given(st.integers(0, 255), st.integers(0, 255))
def test_stored_numbers_survive_the_way_through_real_ones(stored, zero):
    dtype = DType("quint8", 0.037, zero)
    x = np.array([stored], np.uint8)
    np.testing.assert_array_equal(quantize(dequantize(x, dtype), dtype), x)


def test_requantising_keeps_the_real_value():
    x = np.array([3, 5, -128], np.int8)
    target = DType("quint8", 1.0, 10)
    np.testing.assert_array_equal(requantize(x, DType("qint8", 0.5), target), [12, 13, 0])


def test_units_are_equal_up_to_rounding_of_the_scale():
    assert same_unit(DType("qint32", 0.1 * 0.3), DType("qint32", 0.03))
    assert not same_unit(DType("qint32", 0.03), DType("qint32", 0.031))
    assert not same_unit(DType("qint32", 1.0), DType("int32"))


def test_quantising_multiplies_by_the_reciprocal_of_the_scale():
    """Recorded from MegEngine: 64759 steps become 75, where a division would say 74.49999."""
    total, result = (
        DType("qint32", float(np.float32(0.00017713159))),
        DType("qint8", float(np.float32(0.15397134))),
    )
    assert quantize(dequantize(np.array([64759], np.int32), total), result)[0] == 75
