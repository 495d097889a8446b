"""Operators say what their records have; records that have something else are refused with node, reason and advice."""

from __future__ import annotations

import pytest
from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Unsupported, Value
from mgecc.ops.normalization import SoftmaxAttrs
from mgecc.ops.signature import check_operands, signature


def types(*names: str) -> list[TensorType]:
    return [TensorType((2,), DType(name, 0.5 if name.startswith("q") else None)) for name in names]


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        ("any", {1}),
        ("any any?", {1, 2}),
        ("any plain*", {1, 2, 3, 4, 9}),
        ("any+", {1, 2, 3, 4, 9}),
        ("number float integer? plain", {3, 4}),
    ],
)
def test_numbers_of_operands_are_those_of_the_words(words: str, counts: set[int]) -> None:
    assert {n for n in (0, 1, 2, 3, 4, 9) if signature(words).kinds_of(n) is not None} == counts


def test_an_optional_operand_in_the_middle_may_be_left_out() -> None:
    form = signature("number float integer? plain")
    assert form.kinds_of(3) == ["number", "float", "plain"]
    assert form.count == "3 to 4"


@pytest.mark.parametrize("words", ["flaot", "any* any", "any,any", "any ?"])
def test_words_that_describe_nothing_are_refused_where_the_operator_is_defined(words: str) -> None:
    with pytest.raises(ValueError, match="operand"):
        ops.operator("Wrong")(type("Wrong", (ops.Operator,), {"operands": words}))


@pytest.mark.parametrize(
    ("words", "names", "why"),
    [
        ("float float", ["float32"], "it has 1 operands, not 2"),
        ("float float?", ["float32"] * 3, "it has 3 operands, not 1 to 2"),
        ("float", ["int8"], "its operand 0 is int8[2], where float32 or float16 must stand"),
        ("any integer", ["qint8", "bool"], "its operand 1 is bool[2], where plain integers must stand"),
        (
            "plain",
            ["qint8"],
            "its operand 0 is qint8(scale 0.5)[2], where numbers that are not quantised must stand",
        ),
    ],
)
def test_other_operands_are_refused_with_their_place(words: str, names: list[str], why: str) -> None:
    with pytest.raises(Unsupported) as caught:
        check_operands(words, types(*names))
    assert caught.value.why == why
    assert bool(caught.value.advice) == ("must stand" in why)


def test_an_operator_that_is_told_in_words_is_checked_too() -> None:
    x = Value("x", TensorType((2, 3), DType("float32")))
    with pytest.raises(Unsupported, match="it has 2 operands, not 1"):
        ops.check_node(Node("Softmax", "n", SoftmaxAttrs(1), [x, x]))
