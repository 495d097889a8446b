"""Pooling equals windows taken one by one."""

from __future__ import annotations

import numpy as np
import pytest
from handmade_nodes import run, value
from hypothesis import given, settings
from hypothesis import strategies as st
from mgecc.graph import DType, Unsupported

MODES = ("MAX", "AVERAGE", "AVERAGE_COUNT_EXCLUDE_PADDING")
CASES = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(MODES), "window": st.tuples(st.integers(2, 4), st.integers(2, 4)),
        "stride": st.tuples(st.integers(1, 5), st.integers(1, 3)), "pad": st.tuples(*[st.integers(0, 1)] * 4),
        "seed": st.integers(0, 99),
    }
)  # fmt: skip


def attributes(case):
    (wh, ww), (sh, sw) = case["window"], case["stride"]
    names = {"window_h": wh, "window_w": ww, "stride_h": sh, "stride_w": sw, "pad_h": 0, "pad_w": 0}
    return {"mode": case["mode"], "format": "NCHW", "pad": case["pad"], **names}


def naive(x, case):
    (wh, ww), (sh, sw), (top, bottom, left, right) = case["window"], case["stride"], case["pad"]
    height, width = x.shape[2:]
    reduce = np.max if case["mode"] == "MAX" else np.mean
    rows = []
    for i in range(-top, height + bottom - wh + 1, sh):
        row = []
        for j in range(-left, width + right - ww + 1, sw):
            area = x[:, :, max(i, 0) : i + wh, max(j, 0) : j + ww].astype(np.float64)
            share = area[0, 0].size / (wh * ww) if case["mode"] == "AVERAGE" else 1
            row.append(reduce(area, axis=(2, 3)) * share)
        rows.append(np.stack(row, axis=-1))
    return np.stack(rows, axis=-2)


@settings(max_examples=40, deadline=None)
@given(CASES)
def test_pooling_equals_windows_taken_one_by_one(case):
    x = np.random.default_rng(case["seed"]).normal(size=(2, 3, 7, 9)).astype("f4") - 5
    got = run("Pooling", attributes(case), x)[0]
    np.testing.assert_allclose(got, naive(x, case), rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(CASES)
def test_asymmetric_quantised_pooling_equals_rounded_pooling_of_the_real_values(case):
    x = np.random.default_rng(case["seed"]).integers(0, 256, (1, 2, 7, 8)).astype(np.uint8)
    got = run("Pooling", attributes(case), value(x, DType("quint8", 1.0, 100)))[0]
    real = naive(x.astype(np.float64) - 100, case)
    # The stored mean is what is rounded; real zero lies at 100, above any half.
    expected = np.floor(real + 100 + 0.5)
    np.testing.assert_array_equal(got, expected)


def test_signed_averages_round_halves_away_from_zero():
    x = np.array([[[[-1, -2, 1, 2]]]], np.int8)
    case = {"mode": "AVERAGE", "window": (1, 2), "stride": (1, 2), "pad": (0,) * 4}
    np.testing.assert_array_equal(
        run("Pooling", attributes(case), value(x, DType("qint8", 0.5)))[0], [[[[-2, 2]]]]
    )


def test_symmetric_padding_comes_from_the_record():
    x = np.ones((1, 1, 3, 3), "f4")
    attrs = attributes({"mode": "AVERAGE", "window": (3, 3), "stride": (2, 2), "pad": None})
    got = run("Pooling", {**attrs, "pad_h": 1, "pad_w": 1}, x)[0]
    np.testing.assert_allclose(got, np.full((1, 1, 2, 2), 4 / 9), rtol=1e-6)


def test_blocked_pooling_equals_plain_pooling():
    x = np.random.default_rng(0).normal(size=(2, 8, 6, 6)).astype("f4")
    case = {"mode": "MAX", "window": (3, 2), "stride": (2, 2), "pad": (1, 0, 0, 1)}
    blocked = np.ascontiguousarray(x.reshape(2, 2, 4, 6, 6).transpose(0, 1, 3, 4, 2))
    got = run("Pooling", {**attributes(case), "format": "NCHW44"}, blocked)[0]
    plain = run("Pooling", attributes(case), x)[0]
    np.testing.assert_array_equal(got.transpose(0, 1, 4, 2, 3).reshape(plain.shape), plain)


def test_a_maximum_of_padding_alone_is_refused():
    case = {"mode": "MAX", "window": (2, 2), "stride": (1, 1), "pad": (2, 0, 0, 0)}
    with pytest.raises(Unsupported, match="padding"):
        run("Pooling", attributes(case), np.ones((1, 1, 3, 3), "f4"))


@pytest.mark.parametrize("mode", ["MAX", "AVERAGE"])
def test_adaptive_windows_are_the_same_everywhere(mode):
    x = np.random.default_rng(1).normal(size=(2, 3, 10, 13)).astype("f4")
    got = run("AdaptivePooling", {"mode": mode, "format": "NCHW"}, x, np.array([3, 4], np.int32))[0]
    case = {"mode": mode, "window": (4, 4), "stride": (3, 3), "pad": (0,) * 4}
    np.testing.assert_allclose(got, naive(x, case), rtol=1e-5)


def test_adaptive_pooling_to_more_than_there_is_is_refused():
    with pytest.raises(Unsupported):
        run(
            "AdaptivePooling",
            {"mode": "MAX", "format": "NCHW"},
            np.ones((1, 1, 2, 2), "f4"),
            np.array([3, 1], "i4"),
        )
