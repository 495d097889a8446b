"""Reductions of ONNX, orders and matrix products in the forms that the standard's own tests leave out."""

from __future__ import annotations

import numpy as np
import pytest
from operators import check, computed, problems_of

X = np.random.default_rng(3).normal(size=(2, 3, 4)).astype(np.float32)
REDUCTIONS = ["Sum", "Prod", "Max", "Min", "Mean", "L1", "L2", "SumSquare", "LogSumExp"]


def axes(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def test_sums_of_logarithms() -> None:
    check("ReduceLogSum", np.abs(X), axes(-1), known=[1])


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("keep", [0, 1])
def test_axes_counted_from_the_end_all_and_none(name: str, keep: int) -> None:
    op = f"Reduce{name}"
    check(op, X, axes(-1, 0), known=[1], keepdims=keep)
    check(op, X, axes(), known=[1], keepdims=keep)
    check(op, X, keepdims=keep)
    check(op, X, axes(), known=[1], keepdims=keep, noop_with_empty_axes=1)
    if name != "LogSumExp":  # which the evaluator does not have of rank 0
        check(op, np.float32(2.5).reshape(()), keepdims=keep)


@pytest.mark.parametrize(
    ("name", "want"), [("Sum", 0), ("Prod", 1), ("Max", -np.inf), ("Min", np.inf), ("SumSquare", 0)]
)
def test_of_no_elements(name: str, want: float) -> None:
    (y,) = computed(f"Reduce{name}", np.zeros((2, 0, 3), np.float32), axes(1), known=[0, 1], keepdims=0)
    assert y.shape == (2, 3) and (y == want).all()


@pytest.mark.parametrize("name", ["Sum", "Max", "Min", "Mean"])
def test_integers(name: str) -> None:
    x = np.array([[-5, 2, 0], [7, -1, -9]], np.int32)
    check(f"Reduce{name}", x, axes(1), known=[1])
    check(f"Reduce{name}", x.astype(np.int64), axes(0), known=[1], keepdims=0)


def test_logarithms_of_sums_of_infinite_and_large_numbers() -> None:
    x = np.array([[1e4, 1e4], [-np.inf, 3], [-np.inf, -np.inf], [np.inf, 1], [np.nan, 0]], np.float32)
    (y,) = computed("ReduceLogSumExp", x, axes(1), known=[1], keepdims=0)
    np.testing.assert_allclose(y, [1e4 + np.log(2), 3, -np.inf, np.inf, np.nan], 1e-6)


def test_axes_that_the_model_computes_are_refused() -> None:
    assert "decides the form of the result" in problems_of("ReduceSum", X, axes(1))[0]


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("last", [0, 1])
def test_places_of_equal_extremes(op: str, last: int) -> None:
    x = np.array([[3, 1, 3, 1], [2, 2, 2, 2]], np.float32)
    for axis in (0, -1):
        for keep in (0, 1):
            check(op, x, axis=axis, keepdims=keep, select_last_index=last)


@pytest.mark.parametrize("op", ["CumSum", "CumProd"])
def test_running_results(op: str) -> None:
    for attrs in ({}, {"exclusive": 1}, {"reverse": 1}, {"exclusive": 1, "reverse": 1}):
        check(op, X, np.array(-2), known=[1], opset=26, **attrs)


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_the_first_of_an_order(largest: int, axis: int) -> None:
    x = np.array([[[3, 1, 2], [3, 3, 0]], [[1, 5, 2], [1, 4, 4]]], np.float32)
    check("TopK", x, axes(2), known=[1], results=2, axis=axis, largest=largest)


@pytest.mark.parametrize(
    "a, b",
    [
        ((3,), (3,)),
        ((3,), (2, 3, 4)),
        ((2, 3), (3,)),
        ((2, 1, 4, 3), (5, 3, 2)),
        ((4, 3), (3, 2)),
        ((2, 4, 3), (3, 2)),
    ],
)
def test_products_of_all_ranks(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    random = np.random.default_rng(4)
    check("MatMul", random.normal(size=a).astype(np.float32), random.normal(size=b).astype(np.float32))


@pytest.mark.parametrize("turned", [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("c", [(), (1,), (4,), (3, 1), (3, 4), None])
@pytest.mark.parametrize("known", [(), (1, 2)])
def test_general_products(turned: tuple[int, int], c: tuple[int, ...] | None, known: tuple[int, ...]) -> None:
    random = np.random.default_rng(5)
    a, b = random.normal(size=(3, 2)), random.normal(size=(2, 4))
    operands = [(x.T if t else x).astype(np.float32) for x, t in zip((a, b), turned)]
    bias = [] if c is None else [np.asarray(random.normal(size=c), np.float32)]
    attrs = {"alpha": 0.5, "beta": -2.0, "transA": turned[0], "transB": turned[1]}
    check("Gemm", *operands, *bias, known=known, **attrs)


@pytest.mark.parametrize(
    "equation, shapes",
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("btgi,gih->btgh", [(2, 5, 3, 4), (3, 4, 6)]),
        ("ij", [(2, 3)]),
        ("ba", [(2, 3)]),
        ("ii->i", [(3, 3)]),
        ("ii", [(3, 3)]),
        ("...ii->...i", [(2, 3, 3)]),
        ("i,i->", [(4,), (4,)]),
        ("i,j->ij", [(2,), (3,)]),
        ("...ij,...jk->...ik", [(2, 2, 3), (1, 3, 4)]),
        ("bhqd,bhkd->bhqk", [(2, 3, 4, 5), (2, 3, 6, 5)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
        ("ij, ij -> j", [(2, 3), (2, 3)]),
        ("ijk->ki", [(2, 3, 4)]),
        ("i...->...", [(2, 3, 4)]),
        ("a,ab,abc->abc", [(2,), (2, 3), (2, 3, 4)]),
    ],
)
def test_sums_by_letters(equation: str, shapes: list[tuple[int, ...]]) -> None:
    random = np.random.default_rng(6)
    check("Einsum", *(random.normal(size=s).astype(np.float32) for s in shapes), equation=equation)
    check("Einsum", *(random.integers(-9, 9, s).astype(np.int32) for s in shapes), equation=equation)


@pytest.mark.parametrize("equation", ["ij->ik", "i->i", "ij,jk->ik", "i?->i"])
def test_equations_that_do_not_fit(equation: str) -> None:
    assert "does not fit" in problems_of("Einsum", X[0], equation=equation)[0]


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (2, 1, 1, 1)])
def test_determinants(shape: tuple[int, ...]) -> None:
    check("Det", np.random.default_rng(7).normal(size=shape).astype(np.float32), opset=22)


def test_determinants_of_singular_matrices() -> None:
    assert computed("Det", np.array([[0, 1], [0, 2]], np.float32))[0].tolist() == [0]
