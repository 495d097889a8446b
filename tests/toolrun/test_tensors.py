"""Recorded arrays to the bytes a program reads, and back."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc.errors import InputError
from mgecc.graph import DType
from mgecc.interpret import beyond
from mgecc.toolrun.tensors import Interface, Tensor, dequantized, input_cases, output_arrays

X = Tensor("x", (2, 3), DType("float32"))
N = Tensor("n", (1,), DType("int32"))
Q = Tensor("q", (2,), DType("qint8", 0.5, 0))


def test_inputs_follow_the_models_order() -> None:
    arrays = {"in.n": np.array([7], np.int32), "in.x": np.arange(6, dtype=np.float32).reshape(2, 3)}
    (case,) = input_cases(arrays, Interface((X, N), (), 0, 0))
    assert case == arrays["in.x"].tobytes() + arrays["in.n"].tobytes()


def test_a_leading_axis_makes_cases() -> None:
    array = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    assert input_cases({"in.x": array}, Interface((X,), (), 0, 0)) == [part.tobytes() for part in array]


def test_a_multiple_of_the_batch_makes_cases() -> None:
    array = np.arange(24, dtype=np.float32).reshape(8, 3)
    assert input_cases({"in.x": array}, Interface((X,), (), 0, 0)) == [
        array[i : i + 2].tobytes() for i in (0, 2, 4, 6)
    ]


def test_a_scalar_may_have_no_axes() -> None:
    assert input_cases({"in.n": np.array(7, np.int32)}, Interface((N,), (), 0, 0)) == [b"\7\0\0\0"]
    three = np.array([7, 8, 9], np.int32)
    assert input_cases({"in.n": three}, Interface((N,), (), 0, 0)) == [n.tobytes() for n in three]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"in.y": np.zeros((2, 3), np.float32)}, "in.x is missing in the inputs, which has: in.y"),
        ({"in.x": np.zeros((3, 2), np.float32)}, r"shape \[3, 2\]"),
        ({"in.x": np.zeros((0, 2, 3), np.float32)}, "shape"),
        ({"in.x": np.zeros((2, 3), np.complex64)}, "element type"),
    ],
)
def test_what_does_not_fit_is_explained(arrays: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(InputError, match=message):
        input_cases(arrays, Interface((X,), (), 0, 0))


@pytest.mark.parametrize(
    ("tensor", "array"),
    [
        (X, np.full((2, 3), 1e60)),
        (N, np.array([1 << 40])),
        (N, np.array([1 << 31], np.uint32)),
        (N, np.array([-(1 << 31) - 1])),
    ],
)
def test_numbers_beyond_the_stored_type_are_refused(tensor: Tensor, array: np.ndarray) -> None:
    with pytest.raises(InputError, match="too large for the model's"):
        input_cases({f"in.{tensor.name}": array}, Interface((tensor,), (), 0, 0))


def test_infinities_and_rounded_numbers_are_no_larger() -> None:
    array = np.array([[np.inf, -np.inf, np.nan], [1e-60, 0.1, 1e30]])
    (case,) = input_cases({"in.x": array}, Interface((X,), (), 0, 0))
    assert case == array.astype(np.float32).tobytes()


@pytest.mark.parametrize(
    ("number", "span"), [(np.float32(1.5), None), (np.int64(3), (-4, 4)), (np.int64(5), (-4, 4))]
)
def test_recorded_scalars_are_numbers_too(number: np.generic, span: tuple[int, int] | None) -> None:
    said = beyond(np.asarray(number), span)
    assert ("from -4 to 4" in said) == (number == 5)


def test_numbers_of_cases_must_agree() -> None:
    arrays = {"in.x": np.zeros((2, 2, 3), np.float32), "in.n": np.zeros((3, 1), np.int32)}
    with pytest.raises(InputError, match="in.x has 2, in.n has 3"):
        input_cases(arrays, Interface((X, N), (), 0, 0))


def test_real_numbers_are_quantised_for_a_quantised_input() -> None:
    (case,) = input_cases({"in.q": np.array([1.0, -1000.0], np.float32)}, Interface((Q,), (), 0, 0))
    assert np.frombuffer(case, np.int8).tolist() == [2, -128]


def test_outputs_come_stacked_and_in_order() -> None:
    results = [np.float32([1, 2, 3, 4, 5, 6]).tobytes() + np.int8([2, 4]).tobytes() for _ in range(3)]
    x, q = output_arrays(results, Interface((), (X, Q), 0, 0))
    assert x.shape == (3, 2, 3) and x[2].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert dequantized(q, Q)[0].tolist() == [1.0, 2.0]
