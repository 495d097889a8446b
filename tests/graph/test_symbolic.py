"""Numbers over declared sizes: their arithmetic is that of ints, and what is decided holds for all sizes."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mgecc.graph.polynomials import value
from mgecc.graph.symbolic import (
    Sym,
    Undecided,
    always,
    at_max_sizes,
    declare,
    lenient,
    lower_bound,
    prefix,
    sizes_in,
    sym_max,
    sym_min,
    upper_bound,
)
from mgecc.graph.unsupported import CLOSE, OPEN
from mgecc.ops.registry import attributes_of
from mgecc.planner.expressions import ADD, DIVIDE, LEAST, MOST, MULTIPLY, Expressions
from mgecc.toolrun.bind_sizes import evaluate

N, H, W = declare("n", 1, 4), declare("h", 3, 9), declare("w", 4, 16, 4)
POINTS = [{"n": n, "h": h, "w": w} for n, h, w in product(range(1, 5), range(3, 10), range(4, 17, 4))]

_LEAVES = st.sampled_from(["n", "h", "w"]) | st.integers(-5, 9)
_OPERATIONS = st.sampled_from(["+", "-", "*", "//", "%", "least", "most"])
EXPRESSIONS = st.recursive(_LEAVES, lambda x: st.tuples(_OPERATIONS, x, x), max_leaves=7)


def compute(expression: Any, numbers: dict[str, Any]) -> Any:
    """An expression over ints or over Syms; divisors are made positive."""
    if not isinstance(expression, tuple):
        return numbers.get(expression, expression)
    op, x, y = expression
    a, b = compute(x, numbers), compute(y, numbers)
    if op in ("//", "%"):
        b = sym_max(1, b)
    table = {
        "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "//": lambda: a // b, "%": lambda: a % b,
        "least": lambda: sym_min(a, b), "most": lambda: sym_max(a, b),
    }  # fmt: skip
    return table[op]()


def at(x: Any, point: dict[str, int]) -> int:
    if not isinstance(x, Sym):
        return x
    return int(value(x.terms, {s: point[s.name] // s.step for s in sizes_in(x)}))


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS)
def test_arithmetic_is_that_of_ints(expression: Any) -> None:
    found = compute(expression, {"n": N, "h": H, "w": W})
    numbers = [compute(expression, point) for point in POINTS]
    assert [at(found, point) for point in POINTS] == numbers
    assert [evaluate(prefix(found), point) for point in POINTS] == numbers
    assert lower_bound(found) <= min(numbers) and max(numbers) <= upper_bound(found)
    assert at_max_sizes(found) == numbers[-1]


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS, EXPRESSIONS, st.sampled_from(["==", "<", "<="]))
def test_what_is_decided_holds_for_all_sizes(x: Any, y: Any, relation: str) -> None:
    compare = {"==": lambda a, b: a == b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b}[relation]
    a, b = (compute(e, {"n": N, "h": H, "w": W}) for e in (x, y))
    answers = {compare(compute(x, point), compute(y, point)) for point in POINTS}
    if len(answers) == 1:
        assert compare(a, b) is answers.pop()
    else:
        with pytest.raises(Undecided, match="depends on the sizes"):
            compare(a, b)


def run_code(table: Expressions, point: dict[str, int]) -> list[int]:
    """What the runtime does with the instructions."""
    slots = [point[s.name] // s.step for s in table.sizes]
    act = {
        ADD: lambda a, b: a + b, MULTIPLY: lambda a, b: a * b, DIVIDE: lambda a, b: a // b, LEAST: min, MOST: max,
    }  # fmt: skip
    for op, a, immediate, b in table.code:
        slots.append(act[op](slots[a], b if immediate else slots[b]))
    return slots


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS)
def test_instructions_give_the_same_numbers(expression: Any) -> None:
    found = compute(expression, {"n": N, "h": H, "w": W})
    if isinstance(found, Sym):
        table = Expressions(tuple(s for x in (N, H, W) for s in sizes_in(x)))
        slot = table.slot(found)
        assert all(run_code(table, p)[slot] == compute(expression, p) for p in POINTS)


def test_equal_numbers_have_one_form() -> None:
    assert repr(((H - 1) // 2 + 1 - 1) // 2 + 1) == repr((H - 1) // 4 + 1) == f"{OPEN}(h + 3)//4{CLOSE}"
    assert W // 4 * 4 == W and isinstance(W % 4, int)
    assert N * 3 * H * W // (N * 3) == H * W


def test_a_fixed_number_is_needed_and_there_is_none() -> None:
    for use in (int, list.__getitem__.__get__([1, 2]), float, range):
        with pytest.raises(Undecided):
            use(H)
    assert int(declare("k", 5, 5)) == 5


def test_a_step_may_be_left_out_where_numbers_are_not_always_equal() -> None:
    with lenient():
        assert (H == 3) is False and (H != 3) is True and H + 1 != 3
    assert not always(lambda: H == 3) and always(lambda: H >= 3)
    with pytest.raises(Undecided, match=r"so with h=3, not so with h=4"):
        assert H == 3


def test_too_many_combinations_are_not_tried() -> None:
    a, b, c = (declare(name, 1, 400) for name in "abc")
    with pytest.raises(Undecided, match="64000000 combinations of sizes, too many to look at"):
        assert a * b > c * c - 7


def test_halves_and_quarters_of_sizes_round_as_floats_do() -> None:
    from mgecc.graph import Node, TensorType, Value
    from mgecc.graph.types import FLOAT32, INT32
    from mgecc.ops.folding import fold

    def value(array: Any, dtype: Any) -> Value:
        return Value("v", TensorType(array.shape, dtype), const=array)

    def node(op: str, inputs: list[Any], dtype: Any, attrs: dict[str, Any]) -> Node:
        made = Node(op, op, attributes_of(op, attrs), [value(array, FLOAT32) for array in inputs])
        made.outputs = [Value("y", TensorType(inputs[0].shape, dtype), made)]
        return made

    sizes = np.array([H, W, N], object)
    factor = np.array([0.75], np.float32)
    (scaled,) = fold(node("Elemwise", [sizes, factor], FLOAT32, {"mode": "mul"}), [sizes, factor])
    for mode in ("floor", "ceil", "round", "TRUNC"):
        op = (
            ("TypeCvt", {"attrs": {"dtype": INT32}})
            if mode == "TRUNC"
            else ("Elemwise", {"attrs": {"mode": mode}})
        )
        (whole,) = fold(node(op[0], [scaled], INT32, **op[1]), [scaled])
        for point in POINTS:
            real = np.array([point["h"], point["w"], point["n"]], np.float32) * factor
            want = {
                "floor": np.floor,
                "ceil": np.ceil,
                "round": lambda x: np.floor(x + 0.5),
                "TRUNC": np.trunc,
            }
            assert [at(n, point) for n in whole] == want[mode](real).tolist()
    third = np.array([np.float32(1 / 3)])
    with pytest.raises(Undecided, match="would be rounded"):
        fold(node("Elemwise", [sizes, third], FLOAT32, {"mode": "mul"}), [sizes, third])
