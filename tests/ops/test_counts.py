"""Numbers of elements that only the run decides: which are proven equal, and what is at most there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mgecc.graph import DType, Node, TensorType, Value
from mgecc.graph.types import FLOAT32, INT32
from mgecc.ops import attributes_of, infer
from mgecc.ops.counting import Counting
from mgecc.ops.counts import Count
from mgecc.ops.spans import span_of

BOOL = DType("bool")


def value(name: str, dtype: DType = INT32, size: int = 9) -> Value:
    return Value(name, TensorType((size,), dtype))


def number(n: float, dtype: DType = INT32) -> Value:
    return Value("n", TensorType((1,), dtype), const=np.array([n], dtype.numpy))


def node(op: str, *inputs: Value, **attrs: Any) -> Value:
    made = Node(
        op, op.lower(), attributes_of(op, {"output_dtype": None, **attrs}), list(inputs), origin="here"
    )
    made.outputs = [Value(f"{op}{k}", t, made) for k, t in enumerate(infer(made))]
    return made.output


def elemwise(mode: str, *inputs: Value) -> Value:
    return node("Elemwise", *inputs, mode=mode)


def chosen(mask: Value, val: float = 1.0, condition: str = "eq") -> Count:
    take = node("CondTake", mask, mask, condition=condition, value=val).producer
    assert take is not None
    extent = Counting().of(take)[0]
    return Count(mask.type.elements) if extent is None else extent.size


def ranged(x: Value, low: int, high: int) -> Value:
    return elemwise("max", elemwise("min", x, number(high)), number(low))


def test_spans_of_whole_numbers_follow_minima_maxima_and_sums() -> None:
    x = value("x")
    assert span_of(x) == (-(2**31), 2**31 - 1)
    assert span_of(elemwise("sub", ranged(x, 2, 5), number(2))) == (0, 3)
    assert span_of(node("Concat", ranged(x, 2, 5), number(9), axis=0)) == (2, 9)
    assert span_of(elemwise("add", x, number(1))) == (-(2**31), 2**31 - 1), "it wraps around"
    assert span_of(value("y", FLOAT32)) is None


def test_spans_of_sums_of_sums_take_no_time() -> None:
    x = ranged(value("x"), 0, 1)
    for _ in range(30):
        x = elemwise("max", x, elemwise("min", x, x))
    assert span_of(x) == (0, 1)


@pytest.mark.parametrize("bound", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("condition", ["eq", "neq", "lt", "leq", "gt", "geq"])
def test_what_is_compared_with_no_finite_number_is_counted(condition: str, bound: float) -> None:
    x = value("x")
    assert chosen(x, bound, condition) == chosen(x, bound, condition)
    assert chosen(x, bound, condition) != chosen(value("other"), bound, condition)


def test_one_mask_is_one_count_whatever_it_chooses_from() -> None:
    mask = value("mask", BOOL)
    assert chosen(mask) == chosen(mask) == chosen(mask, 0.0, "neq")
    assert chosen(mask) != chosen(value("other", BOOL))


def test_a_mask_and_its_complement_choose_everything() -> None:
    mask = value("mask", BOOL)
    assert chosen(mask) + chosen(elemwise("not", mask)) == Count(9)
    assert chosen(mask) + chosen(mask, 0.0) == Count(9)
    assert (chosen(mask) + chosen(mask)).most == 18


def test_each_number_of_a_range_chooses_everything_together() -> None:
    level = elemwise("sub", ranged(value("x"), 2, 4), number(2))
    found = [chosen(elemwise("eq", level, number(n))) for n in range(3)]
    assert found[0] + found[1] + found[2] == Count(9)
    assert found[0] + found[1] != Count(9)
    low, high = elemwise("lt", level, number(2)), elemwise("leq", number(2), level)
    assert chosen(low) + chosen(high) == Count(9)


def test_a_number_that_the_range_may_leave_out_proves_nothing() -> None:
    level = elemwise("min", value("x"), number(1))
    assert chosen(elemwise("eq", level, number(0))) + chosen(elemwise("eq", level, number(1))) != Count(9)


def test_comparisons_of_floats_prove_nothing_since_not_a_number_is_in_neither() -> None:
    x = value("x", FLOAT32)
    below, above = elemwise("lt", x, number(0, FLOAT32)), elemwise("leq", number(0, FLOAT32), x)
    assert chosen(below) + chosen(above) != Count(9)


def test_counts_that_are_cut_keep_what_is_known() -> None:
    count = chosen(value("mask", BOOL))
    assert (count.up_to(9), count.up_to(20)) == (count, count)
    assert (count.up_to(4).most, (count + 3).up_to(2)) == (4, Count(2))
    assert (count + 3).without(3) == count
    assert (count.without(2).most, count.without(9)) == (7, Count())
    assert count.every(4).most == 3


@pytest.mark.parametrize("divisor", [2, 6])
def test_multiples_are_divided_where_every_count_stays_whole(divisor: int) -> None:
    count = chosen(value("mask", BOOL))
    assert (count * 6).divided(divisor) == count * (6 // divisor)
    assert (count * 6 + 1).divided(divisor) is None
