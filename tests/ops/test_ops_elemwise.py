"""Element-wise operators, type conversions and reductions at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from handmade_nodes import output_types, run, value
from mgecc.graph import DType, Unsupported
from mgecc.graph.types import BOOL, FLOAT32
from mgecc.ops.elemwise_modes import find_mode, mode_names
from mgecc.ops.elemwise_multi_type import shift_right

INT8 = np.iinfo(np.int8)


def elemwise(mode: str, *operands: np.ndarray) -> np.ndarray:
    return run("Elemwise", {"mode": mode}, *operands)[0]


def ints(*numbers: int, dtype: type = np.int32) -> np.ndarray:
    return np.array(numbers, dtype)


def floats(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


@pytest.mark.parametrize("name", mode_names())
def test_every_mode_keeps_shape_and_type(name: str) -> None:
    mode = find_mode(name)
    samples = {"f": floats(0.25, 0.5, 0.75), "i": ints(1, 2, 3), "b": np.array([True, False, True])}
    for kind in mode.kinds:
        result = elemwise(name, *[samples[kind]] * mode.arity)
        assert result.dtype == samples[kind].dtype


def test_integer_division_rounds_down_and_modulo_has_the_divisors_sign() -> None:
    x, y = ints(7, -7, 7, -7), ints(2, 2, -2, -2)
    assert elemwise("floor_div", x, y).tolist() == [3, -4, -4, 3]
    assert elemwise("mod", x, y).tolist() == [1, 1, -1, -1]


def test_float_modulo_has_the_dividends_sign() -> None:
    assert elemwise("mod", floats(7.5, -7.5), floats(2, 2)).tolist() == [1.5, -1.5]
    assert elemwise("floor_div", floats(7.5, -7.5), floats(2, 2)).tolist() == [3, -4]


def test_plain_integers_wrap() -> None:
    assert elemwise("add", ints(127, dtype=np.int8), ints(1, dtype=np.int8)).tolist() == [-128]
    assert elemwise("mul", ints(200, dtype=np.uint8), ints(2, dtype=np.uint8)).tolist() == [144]


def test_halves_round_away_from_zero() -> None:
    assert elemwise("round", floats(0.5, -0.5, 1.5, 2.5, 0.49999997)).tolist() == [1, -1, 2, 3, 0]


@pytest.mark.parametrize("dtype, bits", [(np.int8, 8), (np.int16, 16), (np.int32, 32)])
def test_rounded_high_half_saturates(dtype: type, bits: int) -> None:
    low, half = np.iinfo(dtype).min, 1 << (bits - 2)
    x, y = ints(low, half, 3, -3, dtype=dtype), ints(low, half, half, half, dtype=dtype)
    # Halves go up: 3/2 -> 2, -3/2 -> -1.
    assert elemwise("rmulh", x, y).tolist() == [np.iinfo(dtype).max, half // 2, 2, -1]


def test_shifts() -> None:
    assert elemwise("shl", ints(3, -1), ints(2, 4)).tolist() == [12, -16]
    assert elemwise("shr", ints(-5, 5), ints(1, 1)).tolist() == [-3, 2]
    assert elemwise("shr", ints(-5, 5), ints(99, 99)).tolist() == [-1, 0]
    assert elemwise("shr", ints(-5, 5), ints(-1, -1)).tolist() == [-1, 0]
    assert elemwise("shl", ints(-5, 5), ints(-1, 32)).tolist() == [0, 0]


def test_integer_division_goes_down_or_toward_zero() -> None:
    x, y = ints(7, -7, 7, -7, 5), ints(2, 2, -2, -2, 0)
    assert elemwise("floor_div", x, y).tolist() == [3, -4, -4, 3, 0]
    assert elemwise("trunc_div", x, y).tolist() == [3, -3, -3, 3, 0]
    assert elemwise("mod", x, y).tolist() == [1, 1, -1, -1, 0]
    assert elemwise("trunc_mod", x, y).tolist() == [1, -1, 1, -1, 0]
    assert elemwise("trunc_div", ints(-(2**31)), ints(-1)).tolist() == [-(2**31)]


def test_bits_of_integers() -> None:
    x, y = ints(12, -1), ints(10, 7)
    assert elemwise("bit_and", x, y).tolist() == [8, 7]
    assert elemwise("bit_or", x, y).tolist() == [14, -1]
    assert elemwise("bit_xor", x, y).tolist() == [6, -8]
    assert elemwise("bit_not", ints(5, 250, dtype=np.uint8)).tolist() == [250, 5]


def test_whole_powers_saturate() -> None:
    assert elemwise("pow", ints(2, -3, 10, -10, 0), ints(10, 3, 99, 99, 0)).tolist() == [
        1024, -27, 2**31 - 1, -(2**31), 1,
    ]  # fmt: skip
    assert elemwise("pow", ints(2, -1, 1, 0), ints(-1, -3, -5, -1)).tolist() == [0, -1, 1, 2**31 - 1]


def test_rounding_to_the_nearest_keeps_halves_even() -> None:
    assert elemwise("round_even", floats(0.5, 1.5, -2.5, 2.4, -0.6)).tolist() == [0, 2, -2, 2, -1]


def test_remainders_have_the_sign_of_one_operand() -> None:
    x, y = floats(7, -7, 7, -7, -1, 0, 1), floats(4, 4, -4, -4, math.inf, -3, 0)
    np.testing.assert_array_equal(elemwise("floor_mod", x, y), floats(3, 1, -1, -3, math.inf, -0.0, math.nan))
    np.testing.assert_array_equal(elemwise("mod", x, y), floats(3, -3, 3, -3, -1, 0, math.nan))


def test_rounding_shift_goes_half_away_from_zero() -> None:
    assert shift_right(ints(5, -5, 6, -6, 7, -7, 4), np.int8(2)).tolist() == [1, -1, 2, -2, 2, -2, 1]


@pytest.mark.parametrize("name, inverse", [("erf", "erfinv"), ("erfc", "erfcinv")])
def test_inverse_error_functions_invert(name: str, inverse: str) -> None:
    x = np.linspace(-2.5, 2.5, 41)
    y = find_mode(name).function(x)
    np.testing.assert_allclose(find_mode(inverse).function(y), x, rtol=1e-11, atol=1e-12)


def test_inverse_error_functions_at_the_ends() -> None:
    np.testing.assert_array_equal(
        elemwise("erfinv", floats(0, 1, -1, 2)), floats(0, math.inf, -math.inf, math.nan)
    )
    np.testing.assert_array_equal(
        elemwise("erfcinv", floats(1, 0, 2, -1)), floats(0, math.inf, -math.inf, math.nan)
    )
    tail = elemwise("erfcinv", floats(1e-30))
    np.testing.assert_allclose(math.erfc(float(tail[0])), 1e-30, rtol=1e-4)


def test_clip_prefers_the_lower_bound() -> None:
    assert elemwise("clip", floats(-1, 1, 9), floats(0, 0, 0), floats(5, 5, 5)).tolist() == [0, 1, 5]
    assert elemwise("clip", floats(1), floats(3), floats(2)).tolist() == [3]


def test_stable_forms_do_not_overflow() -> None:
    assert elemwise("softplus", floats(200, -200)).tolist() == [200, 0]
    assert elemwise("logsigmoid", floats(200, -200)).tolist() == [0, -200]
    assert elemwise("log_sum_exp", floats(200), floats(200)).tolist() == [np.float32(200 + math.log(2))]


@pytest.mark.parametrize(
    "mode, operands", [("exp", [ints(1)]), ("shl", [floats(1)] * 2), ("and", [ints(1)] * 2)]
)
def test_modes_refuse_types_they_do_not_have(mode: str, operands: list[np.ndarray]) -> None:
    with pytest.raises(Unsupported, match="does not exist for"):
        elemwise(mode, *operands)


def test_modes_refuse_wrong_operands() -> None:
    with pytest.raises(Unsupported, match="2 operands, not 1"):
        elemwise("add", floats(1))
    with pytest.raises(Unsupported, match="do not fit together"):
        elemwise("add", floats(1, 2), floats(1, 2, 3))
    with pytest.raises(Unsupported, match="have the types float32, int32"):
        elemwise("add", floats(1), ints(1))
    with pytest.raises(Unsupported, match="belongs to training"):
        elemwise("gelu_grad", floats(1), floats(1))
    with pytest.raises(Unsupported, match="not known"):
        elemwise("NO_SUCH_MODE", floats(1))


def test_sums_of_wide_quantised_integers_are_exact() -> None:
    dtype = DType("qint32", 0.001)
    large = value(np.array([16777217, 2147483647], np.int32), dtype)
    one = value(np.array([1, 1], np.int32), dtype)
    assert run("Elemwise", {"mode": "add"}, large, one)[0].tolist() == [16777218, 2147483647]


def test_relu_of_asymmetric_data_stops_at_the_zero_point() -> None:
    x = value(np.array([100, 128, 130], np.uint8), DType("quint8", 0.5, 128))
    assert run("Elemwise", {"mode": "relu"}, x)[0].tolist() == [128, 128, 130]


def test_quantised_modes_go_through_real_values() -> None:
    x = value(np.array([10, -128], np.int8), DType("qint8", 0.5))
    y = value(np.array([4, -128], np.int8), DType("qint8", 0.25))
    attrs = {"mode": "add", "output_dtype": DType("qint8", 0.75)}
    assert run("ElemwiseMultiType", attrs, x, y)[0].tolist() == [8, -128]


def test_mixed_integer_modes() -> None:
    x = ints(300, -300, dtype=np.int16)
    shifted = run(
        "ElemwiseMultiType", {"mode": "round_shr", "output_dtype": DType("int8")}, x, ints(1, dtype=np.int8)
    )
    assert shifted[0].dtype == np.int8 and shifted[0].tolist() == [127, -128]
    scaled = run(
        "ElemwiseMultiType", {"mode": "mul_add", "output_dtype": DType("int8")}, x, floats(0.1), floats(0.5)
    )
    assert scaled[0].tolist() == [30, -30]


def test_comparisons_of_any_type_give_bool() -> None:
    differ = {"mode": "neq", "output_dtype": BOOL}
    assert output_types("ElemwiseMultiType", differ, value(ints(1)), value(ints(2)))[0].dtype == BOOL
    assert run("ElemwiseMultiType", differ, ints(1, 2), ints(1, 3))[0].tolist() == [False, True]


@pytest.mark.parametrize(
    ("mode", "result", "why"),
    [
        ("add", DType("int16"), "no element-wise mode add gives int16 numbers"),
        ("mul", FLOAT32, "the mode mul does not have 3 operands"),
        ("lt", BOOL, "the mode lt has 2 operands, not 3"),
        ("clip", BOOL, "the element-wise mode clip compares nothing"),
    ],
)
def test_other_modes_of_several_types_are_refused(mode: str, result: DType, why: str) -> None:
    with pytest.raises(Unsupported, match=why):
        run("ElemwiseMultiType", {"mode": mode, "output_dtype": result}, ints(1), ints(1), ints(1))


def test_whole_powers_of_negative_numbers_exist() -> None:
    np.testing.assert_array_equal(run("PowC", {"exponent": 3.0}, floats(-2, 2))[0], floats(-8, 8))


def convert(x: np.ndarray, target: DType) -> list[float]:
    return run("TypeCvt", {"dtype": target}, x)[0].tolist()


def test_floats_to_integers_truncate_and_saturate() -> None:
    x = floats(2.9, -2.9, 300, -300, math.nan, math.inf)
    assert convert(x, DType("int8")) == [2, -2, 127, -128, 0, 127]
    assert convert(x, DType("uint8")) == [2, 0, 255, 0, 0, 255]
    assert convert(x, BOOL) == [True] * 6


def test_integers_to_integers_wrap() -> None:
    assert convert(ints(300, -1), DType("uint8")) == [44, 255]


def test_quantised_conversion_rounds_half_away_and_saturates() -> None:
    assert convert(floats(0.75, -0.75, 1e9), DType("qint8", 0.5)) == [2, -2, 127]
    assert convert(floats(0, -1e9), DType("quint8", 0.5, 7)) == [7, 0]
    assert run("TypeCvt", {"dtype": FLOAT32}, value(ints(9, dtype=np.uint8), DType("quint8", 0.5, 7)))[0] == [
        1
    ]


X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize("target", [(1,), (1, 1, 4), (2, 1, 1), (3, 1), (2, 3, 4)])
def test_reduction_to_a_shape(target: tuple[int, ...]) -> None:
    padded = (1,) * (3 - len(target)) + target
    axes = tuple(i for i, n in enumerate(padded) if n == 1)
    (result,) = run("Reduce", {"mode": "sum"}, X, ints(*target))
    np.testing.assert_array_equal(result, X.sum(axes, keepdims=True).reshape(target))


def test_reduction_over_a_negative_axis() -> None:
    (result,) = run("Reduce", {"mode": "max", "axis": -1}, X)
    assert result.shape == (2, 3, 1)


def test_half_precision_sums_do_not_lose_small_terms() -> None:
    x = np.full((1, 4096), 0.1, np.float16)
    (result,) = run("Reduce", {"mode": "sum", "axis": 1, "output_dtype": FLOAT32}, x)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, x.astype(np.float64).sum(), rtol=1e-6)


def test_quantised_reductions() -> None:
    x = value(np.array([[10, 11, 12, 20]], np.uint8), DType("quint8", 0.5, 10))
    attrs = {"axis": 1}
    assert run("Reduce", {**attrs, "mode": "max"}, x)[0].tolist() == [[20]]
    assert run("Reduce", {**attrs, "mode": "mean"}, x)[0].tolist() == [[13]]
    assert run("Reduce", {**attrs, "mode": "sum", "output_dtype": DType("qint32", 0.5)}, x)[0].tolist() == [
        [13]
    ]


def test_impossible_reductions_are_refused() -> None:
    with pytest.raises(Unsupported, match="cannot be reduced"):
        run("Reduce", {"mode": "sum"}, X, ints(2, 2, 4))
    with pytest.raises(Unsupported, match="axis 3 does not exist"):
        run("Reduce", {"mode": "sum", "axis": 3}, X)
    with pytest.raises(Unsupported, match="no elements"):
        run("Reduce", {"mode": "max", "axis": 0}, np.zeros((0, 2), np.float32))


@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_cumulative_sums(exclusive: bool, reverse: bool) -> None:
    (result,) = run("Cumsum", {"axis": -2, "exclusive": exclusive, "reverse": reverse}, X)
    for i in range(3):
        first, last = (i + exclusive, 3) if reverse else (0, i + 1 - exclusive)
        np.testing.assert_array_equal(result[:, i], X[:, first:last].sum(1))
