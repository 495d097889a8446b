"""Element-wise operators of ONNX in the forms that the standard's own tests leave out."""

from __future__ import annotations

import numpy as np
import pytest
from operators import check, computed, problems_of

INF, NAN = np.inf, np.nan
X = np.array([-INF, -2.5, -0.5, -0.0, 0.3, 1.5, INF, NAN], np.float32)
FINITE = np.array([-90.0, -3.0, -1e-4, 0.0, 1e-4, 2.0, 80.0], np.float32)


def ints(*numbers: int, dtype: str = "int32") -> np.ndarray:
    return np.array(numbers, dtype)


@pytest.mark.parametrize("op", ["Round", "Atan", "Reciprocal", "IsNaN", "IsInf", "Relu", "Erf"])
def test_numbers_at_the_edges(op: str) -> None:
    check(op, X)


@pytest.mark.parametrize("signs", [(0, 0), (0, 1), (1, 0)])
def test_infinities_of_one_sign(signs: tuple[int, int]) -> None:
    check("IsInf", X, detect_negative=signs[0], detect_positive=signs[1])


@pytest.mark.parametrize(
    "op, attrs",
    [
        ("Elu", {"alpha": 0.5}),
        ("Celu", {"alpha": 2.0}),
        ("Selu", {}),
        ("Selu", {"alpha": 3.0, "gamma": 2.0}),
        ("Gelu", {}),
        ("Gelu", {"approximate": "tanh"}),
        ("Swish", {}),
        ("Swish", {"alpha": 0.25}),
        ("HardSwish", {}),
        ("HardSigmoid", {"alpha": 0.3}),
        ("Mish", {}),
        ("Softsign", {}),
        ("ThresholdedRelu", {"alpha": 1.5}),
        ("Shrink", {"lambd": 1.0, "bias": 0.5}),
    ],
)
def test_activations(op: str, attrs: dict[str, object]) -> None:
    check(op, FINITE, **attrs)


def test_exponential_activations_keep_small_numbers() -> None:
    (y,) = computed("Elu", np.array([-1e-6, -3e-5], np.float32))
    np.testing.assert_allclose(y, np.expm1([-1e-6, -3e-5]), 1e-6)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_quotients_and_remainders_of_integers(dtype: str) -> None:
    x, y = ints(7, -7, 7, -7, 0, 100, dtype=dtype), ints(2, 2, -2, -2, 5, -7, dtype=dtype)
    check("Div", x, y)
    check("Mod", x, y)
    check("Mod", x, y, fmod=1)


def test_remainders_of_floats() -> None:
    x, y = X[:, None], np.array([3.0, -3.0, INF, -INF], np.float32)
    check("Mod", x, y, fmod=1)
    finite = np.array([-7.5, -0.0, 0.0, 7.5], np.float32)[:, None]
    check("Mod", finite, np.array([2.0, -2.0], np.float32), opset=28)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32"])
def test_bits(dtype: str) -> None:
    x, y = ints(12, 100, 7, dtype=dtype), ints(10, 3, 0, dtype=dtype)
    for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        check(op, x, y)
    check("BitwiseNot", x)
    for direction in ("LEFT", "RIGHT"):
        check("BitShift", x, y, direction=direction, opset=28)


def test_bits_of_another_type() -> None:
    check("BitCast", X, to=6, opset=26)
    assert "are not kept" in problems_of("BitCast", ints(1, dtype="int64"), to=11, opset=26)[0]


def test_powers_of_mixed_types() -> None:
    check("Pow", ints(2, -3, 5), ints(10, 3, 0))
    check("Pow", ints(4, 9), np.array([0.5, 1.5], np.float32))
    check("Pow", np.array([1.5, -2.0], np.float32), ints(3, 3, dtype="int64"))
    check("Pow", np.array([1.5, 2.0], np.float32), np.array(3.0, np.float32), known=[1])


def test_integers_have_parametric_relus_too() -> None:
    check("PRelu", ints(-3, 0, 4), ints(2, 2, 2))


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Neg", "BitwiseNot"])
def test_unsigned_integers_that_may_leave_31_bits_are_refused(op: str) -> None:
    x = ints(1, 2, dtype="uint64")
    operands = [x] if op.startswith(("Neg", "Bitwise")) else [x, x]
    assert any("32 bits" in why for why in problems_of(op, *operands))


@pytest.mark.parametrize("op", ["Div", "Mod", "Max", "BitwiseAnd"])
def test_unsigned_integers_that_stay_within_31_bits_are_computed(op: str) -> None:
    check(op, ints(9, 20, dtype="uint32"), ints(4, 7, dtype="uint32"))


def test_the_mask_of_dropout_is_true() -> None:
    y, mask = computed("Dropout", FINITE, results=2)
    assert y.tolist() == FINITE.tolist() and mask.all()


def test_softmax_and_its_logarithm_along_any_axis() -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 4)).astype(np.float32) * 30
    for axis in (0, 1, -1):
        check("Softmax", x, axis=axis)
        check("LogSoftmax", x, axis=axis, atol=1e-5)


def test_softmax_of_halves_rounds_each_step_as_the_standard_does() -> None:
    x = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float16)
    check("Softmax", x, rtol=1e-3, atol=1e-7)
