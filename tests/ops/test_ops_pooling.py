"""Pooling equals windows taken one by one."""

from __future__ import annotations

import numpy as np
import pytest
from handmade_nodes import run, value
from hypothesis import given, settings
from hypothesis import strategies as st
from mgecc.graph import DType, Unsupported

SIDE = st.tuples(st.integers(0, 1), st.integers(0, 1))
CASES = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(("max", "average")), "window": st.tuples(st.integers(2, 4), st.integers(2, 4)),
        "stride": st.tuples(st.integers(1, 5), st.integers(1, 3)), "padding": st.tuples(SIDE, SIDE),
        "count_padding": st.booleans(), "seed": st.integers(0, 99),
    }
)  # fmt: skip


def pooled(case, x):
    return run("Pooling", {name: word for name, word in case.items() if name != "seed"}, x)[0]


def naive(x, case):
    (wh, ww), (sh, sw), ((top, bottom), (left, right)) = case["window"], case["stride"], case["padding"]
    height, width = x.shape[2:]
    reduce = np.max if case["mode"] == "max" else np.mean
    counts = case["mode"] == "average" and case.get("count_padding", True)
    rows = []
    for i in range(-top, height + bottom - wh + 1, sh):
        row = []
        for j in range(-left, width + right - ww + 1, sw):
            area = x[:, :, max(i, 0) : i + wh, max(j, 0) : j + ww].astype(np.float64)
            share = area[0, 0].size / (wh * ww) if counts else 1
            row.append(reduce(area, axis=(2, 3)) * share)
        rows.append(np.stack(row, axis=-1))
    return np.stack(rows, axis=-2)


@settings(max_examples=40, deadline=None)
@given(CASES)
def test_pooling_equals_windows_taken_one_by_one(case):
    x = np.random.default_rng(case["seed"]).normal(size=(2, 3, 7, 9)).astype("f4") - 5
    got = pooled(case, x)
    np.testing.assert_allclose(got, naive(x, case), rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(CASES)
def test_asymmetric_quantised_pooling_equals_rounded_pooling_of_the_real_values(case):
    x = np.random.default_rng(case["seed"]).integers(0, 256, (1, 2, 7, 8)).astype(np.uint8)
    got = pooled(case, value(x, DType("quint8", 1.0, 100)))
    real = naive(x.astype(np.float64) - 100, case)
    # The stored mean is what is rounded; real zero lies at 100, above any half.
    expected = np.floor(real + 100 + 0.5)
    np.testing.assert_array_equal(got, expected)


def test_signed_averages_round_halves_away_from_zero():
    x = np.array([[[[-1, -2, 1, 2]]]], np.int8)
    case = {"mode": "average", "window": (1, 2), "stride": (1, 2)}
    np.testing.assert_array_equal(pooled(case, value(x, DType("qint8", 0.5))), [[[[-2, 2]]]])


@pytest.mark.parametrize("words", [{"mode": "max"}, {"mode": "average", "count_padding": False}])
def test_a_window_of_padding_alone_is_refused(words):
    with pytest.raises(Unsupported, match="padding"):
        pooled({"window": (2, 2), "padding": ((2, 0), (0, 0)), **words}, np.ones((1, 1, 3, 3), "f4"))


@pytest.mark.parametrize("mode", ["max", "average"])
def test_adaptive_windows_are_the_same_everywhere(mode):
    x = np.random.default_rng(1).normal(size=(2, 3, 10, 13)).astype("f4")
    got = run("AdaptivePooling", {"mode": mode}, x, np.array([3, 4], np.int32))[0]
    case = {"mode": mode, "window": (4, 4), "stride": (3, 3), "padding": ((0, 0), (0, 0))}
    np.testing.assert_allclose(got, naive(x, case), rtol=1e-5)


def test_adaptive_pooling_to_more_than_there_is_is_refused():
    with pytest.raises(Unsupported):
        run("AdaptivePooling", {}, np.ones((1, 1, 2, 2), "f4"), np.array([3, 1], "i4"))


def test_data_of_other_ranks_is_refused():
    with pytest.raises(Unsupported, match="are no images"):
        pooled({"window": (2, 2)}, np.ones((1, 3, 3), "f4"))
