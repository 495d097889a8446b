"""The judgement over right and wrong outputs."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc.config import Verify
from mgecc.toolrun.compare import compare, grid_step, table, top_classes

WANT = np.array([[1.0, -4.0, 2.0]], np.float32)


def test_each_limit_allows_what_it_says_and_no_more() -> None:
    for limits, error in [
        (Verify(atol=0.1), 0.1),
        (Verify(rtol=0.1), 0.1),
        (Verify(max_abs_of_peak=0.025), 0.1),
    ]:
        inside, outside = WANT.copy(), WANT.copy()
        inside[0, 0] += error * 0.99
        outside[0, 0] += error * 1.02
        assert compare("y", inside, WANT, limits).ok
        assert compare("y", outside, WANT, limits).outside == 1


def test_errors_are_reported_against_the_largest() -> None:
    got = WANT + np.array([0, 0, 0.5], np.float32)
    error = compare("y", got, WANT, Verify(atol=1))
    assert (error.max_abs, error.peak, error.of_peak) == (0.5, 4.0, 0.125)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_must_be_the_same(value: float) -> None:
    special = np.array([[value, 1.0]], np.float32)
    plain = np.array([[0.0, 1.0]], np.float32)
    generous = Verify(atol=1e9)
    assert compare("y", special, special, generous).ok
    assert not compare("y", special, plain, generous).ok
    assert not compare("y", plain, special, generous).ok


def test_integers_are_exact() -> None:
    want = np.array([[1, 2]], np.int32)
    assert compare("y", want, want, Verify(atol=5)).ok
    assert not compare("y", want + [[0, 1]], want, Verify(atol=5)).ok


def test_steps_of_a_quantised_output() -> None:
    want = np.array([[0.5, 1.0, -0.25, 0.75]], np.float32)
    assert grid_step(want) == 0.25
    assert compare("y", want + 0.25, want, Verify(max_steps=1), grid_step(want)).ok
    assert not compare("y", want + 0.5, want, Verify(max_steps=1), grid_step(want)).ok
    assert grid_step(np.array([0.1, 0.25, 0.77], np.float32)) == 0.0


def test_order_of_the_best_classes_counts_where_asked_for() -> None:
    got = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]], np.float32)
    want = np.array([[3.0, 2.0, 1.0], [1.0, 3.0, 2.9]], np.float32)
    error = compare("y", got, want, Verify(atol=9, top=2))
    assert (error.top, error.cases, error.ok) == (1, 2, False)
    assert compare("y", got, want, Verify(atol=9)).ok
    assert top_classes(np.array([[1.0, 1.0, 2.0]]), 3).tolist() == [[2, 0, 1]]


def test_table_marks_what_is_wrong() -> None:
    errors = [compare("good", WANT, WANT, Verify()), compare("bad", WANT + 1, WANT, Verify())]
    good, bad = table(errors, None).splitlines()[1:]
    assert good.endswith("ok") and bad.endswith("WRONG") and "3/3" in bad
