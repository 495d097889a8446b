"""Functions made of basic operations: near the exact value, and C99's results for special operands."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mgecc.ops import elementary

RNG = np.random.default_rng(0)
SPREAD = np.concatenate([RNG.standard_normal(500) * s for s in (1e-30, 1e-4, 0.1, 1, 4, 30)]).astype("f4")
UNIT = np.concatenate([RNG.uniform(-1, 1, 1000), 1 - RNG.uniform(0, 1e-4, 200)]).astype("f4")
# Multiples of pi/2 lie near some of these, and the large ones have many turns to leave out.
ANGLES = np.concatenate([SPREAD, SPREAD * 1e5, SPREAD * 1e30, np.arange(1, 300) * math.pi / 2]).astype("f4")
SPECIAL = np.array([0.0, -0.0, 1, -1, 2, -2, 0.5, 3, 101, -100, np.inf, -np.inf, np.nan, 3e38, -3e38])
FUNCTIONS = {
    "exp": (np.exp, SPREAD), "expm1": (np.expm1, SPREAD), "exp2": (np.exp2, SPREAD), "log": (np.log, abs(SPREAD)),
    "log1p": (np.log1p, abs(SPREAD)), "log2": (np.log2, abs(SPREAD)), "sin": (np.sin, ANGLES),
    "cos": (np.cos, ANGLES), "tan": (np.tan, ANGLES), "arcsin": (np.arcsin, UNIT), "arccos": (np.arccos, UNIT),
    "arctan": (np.arctan, SPREAD), "sinh": (np.sinh, SPREAD), "cosh": (np.cosh, SPREAD), "tanh": (np.tanh, SPREAD),
    "arcsinh": (np.arcsinh, SPREAD), "arccosh": (np.arccosh, 1 + abs(SPREAD)), "arctanh": (np.arctanh, UNIT),
    "erf": (np.vectorize(math.erf), SPREAD), "erfc": (np.vectorize(math.erfc), np.clip(SPREAD, -9, 9)),
}  # fmt: skip
PAIRS = {"arctan2": np.arctan2, "power": np.power, "logaddexp": np.logaddexp}


def same(got: np.ndarray, want: np.ndarray, relative: float) -> np.ndarray:
    """Where two results agree: nearly equal numbers, zeros of one sign, any two NaN, beyond float32 both."""
    with np.errstate(all="ignore"):
        equal = (got == want) & (np.signbit(got) == np.signbit(want))
        near = np.abs(got - want) <= relative * np.abs(want)
    tiny = (np.abs(got) < 1e-60) & (np.abs(want) < 1e-60) & (want != 0)
    huge = (np.abs(got) > 1e60) & (np.abs(want) > 1e60) & (np.signbit(got) == np.signbit(want))
    return equal | (near & (want != 0)) | (np.isnan(got) & np.isnan(want)) | tiny | huge


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_are_within_their_error_bound(name: str) -> None:
    reference, operands = FUNCTIONS[name]
    x = np.concatenate([operands.astype("f8"), SPECIAL])
    with np.errstate(all="ignore"):
        want = reference(x)
    agree = same(getattr(elementary, name)(x), want, 2.0 ** (-42 if name == "erfc" else -48))
    assert agree.all(), (x[~agree], getattr(elementary, name)(x[~agree]), want[~agree])


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_functions_of_two_numbers_are_within_their_error_bound(name: str) -> None:
    x, y = (np.append(a, SPECIAL) for a in (abs(SPREAD.astype("f8")), RNG.uniform(-9, 9, SPREAD.size)))
    for a, b in ((x, y), np.meshgrid(SPECIAL, SPECIAL)):
        with np.errstate(all="ignore"):
            want = PAIRS[name](a, b)
        agree = same(getattr(elementary, name)(a, b), want, 2.0**-42)
        assert agree.all(), (a[~agree], b[~agree], want[~agree])


def test_whole_powers_of_small_numbers_are_exact() -> None:
    base, exponent = np.meshgrid(np.arange(-9.0, 10), np.arange(0.0, 16))
    want = [[float(int(b) ** int(e)) for b, e in zip(*row)] for row in zip(base, exponent)]
    np.testing.assert_array_equal(elementary.power(base, exponent), want)
    np.testing.assert_array_equal(
        elementary.exp2(np.arange(-1074.0, 1024)), [2.0**k for k in range(-1074, 1024)]
    )


def test_inverse_error_functions_invert() -> None:
    y = np.concatenate([UNIT[np.abs(UNIT) < 1], [0.0, 1e-30]]).astype("f8")
    np.testing.assert_allclose(elementary.erf(elementary.erfinv(y)), y, rtol=1e-12)
    np.testing.assert_allclose(elementary.erfc(elementary.erfcinv(1 + y)), 1 + y, rtol=1e-9)
    np.testing.assert_array_equal(
        elementary.erfinv(np.array([1.0, -1, 2, np.nan])), [np.inf, -np.inf, np.nan, np.nan]
    )
    np.testing.assert_array_equal(
        elementary.erfcinv(np.array([0.0, 2, -1, 3])), [np.inf, -np.inf, np.nan, np.nan]
    )


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_results_have_the_type_and_shape_of_the_first_operand(dtype: str) -> None:
    x = RNG.uniform(0.1, 1, (3, 1, 5)).astype(dtype)
    assert elementary.exp(x).dtype == x.dtype and elementary.exp(x).shape == x.shape
    raised = elementary.power(x, np.full((4, 1), 2.0))
    assert raised.dtype == x.dtype and raised.shape == (3, 4, 5)
    assert elementary.tanh(np.zeros((0, 2), dtype)).shape == (0, 2)
