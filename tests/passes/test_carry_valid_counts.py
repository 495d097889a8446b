"""Results whose size depends on the data carry it, or are refused where it would matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mgecc.graph import Diagnostics, DType, Graph, Node, TensorType, Value
from mgecc.graph.types import FLOAT32, INT32
from mgecc.ops import attributes_of, infer
from mgecc.ops.selection import FillBehindAttrs
from mgecc.passes import carry_valid_counts

BOOL = DType("bool")


def value(name: str, *shape: int, dtype: DType = FLOAT32) -> Value:
    return Value(name, TensorType(shape, dtype))


def node(op: str, inputs: list[Value], **attrs: Any) -> Node:
    made = Node(op, op.lower(), attributes_of(op, {"output_dtype": None, **attrs}), inputs, origin="here")
    made.outputs = [Value(f"{made.name}{k}", t, made) for k, t in enumerate(infer(made))]
    return made


def taken() -> tuple[Value, Value, Node]:
    x, mask = value("x", 4, 5), value("mask", 4, 5, dtype=BOOL)
    return x, mask, node("CondTake", [x, mask], condition="eq", value=1.0)


def carried(nodes: list[Node], *outputs: Value) -> tuple[Graph, list[str]]:
    graph = Graph("g", [], nodes, [(v.name, v) for v in outputs])
    problems = Diagnostics("g")
    carry_valid_counts.carry(graph, problems)
    return graph, [str(problem) for problem in problems.problems]


def test_outputs_of_one_size_share_one_companion() -> None:
    _, _, take = taken()
    graph, problems = carried([take], *take.outputs)
    assert problems == []
    assert [name for name, _ in graph.outputs] == ["condtake0", "condtake1", "condtake0.size"]
    assert graph.extents == {0: (0, 2), 1: (0, 2)}
    assert graph.outputs[2][1].type == TensorType((1,), INT32)
    assert graph.outputs[2][1].producer is take


def test_coordinates_vary_along_their_second_axis() -> None:
    found = node("NonZero", [value("x", 3, 4)])
    graph, _ = carried([found], found.output)
    assert graph.extents == {0: (1, 1)}


def test_element_wise_operators_and_gathers_hand_the_size_on() -> None:
    _, _, take = taken()
    half = node("Elemwise", [take.outputs[0], value("s", 1)], mode="mul")
    rows = node(
        "IndexingMultiAxisVec", [value("t", 20, 3), take.outputs[1]], items=((0, False, False, False, True),)
    )
    turned = node("Dimshuffle", [rows.output], pattern=(1, 0))
    graph, problems = carried([take, half, rows, turned], half.output, turned.output)
    assert problems == []
    assert graph.extents == {0: (0, 2), 1: (1, 2)}


def test_parts_of_other_axes_are_taken_from_data_of_varying_size() -> None:
    _, _, take = taken()
    rows = node(
        "IndexingMultiAxisVec", [value("t", 20, 3), take.outputs[1]], items=((0, False, False, False, True),)
    )
    column = Value("one", TensorType((1,), INT32), const=np.array([1], "int32"))
    part = node("Subtensor", [rows.output, column], items=((1, False, False, False, True),))
    graph, problems = carried([take, rows, part], part.output)
    assert problems == []
    assert graph.extents == {0: (0, 1)}


def test_sizes_stay_beside_other_axes() -> None:
    _, _, take = taken()
    rows = node(
        "IndexingMultiAxisVec", [value("t", 20, 3), take.outputs[1]], items=((0, False, False, False, True),)
    )
    shape = Value("shape", TensorType((3,), INT32), const=np.array([1, 20, 1], "int32"))
    column = Value("column", TensorType((2,), INT32), const=np.array([20, 1], "int32"))
    lifted = node("Reshape", [take.outputs[0], shape])
    joined = node("Concat", [rows.output, node("Reshape", [take.outputs[0], column]).output], axis=1)
    total = node("Reduce", [joined.output], mode="sum", axis=1)
    scores = node("Softmax", [joined.output], axis=1)
    parts = [take, rows, lifted, joined.inputs[1].producer, joined, total, scores]
    graph, problems = carried([n for n in parts if n], lifted.output, total.output, scores.output)
    assert problems == []
    assert graph.extents == {0: (1, 3), 1: (0, 3), 2: (0, 3)}


@pytest.mark.parametrize(
    ("op", "attrs", "number"),
    [
        ("Reduce", {"mode": "sum"}, 0),
        ("Reduce", {"mode": "product"}, 1),
        ("Reduce", {"mode": "max"}, -np.inf),
        ("Reduce", {"mode": "min"}, np.inf),
        ("Softmax", {}, -np.inf),
        ("Argmax", {}, -np.inf),
        ("Cumsum", {"exclusive": False, "reverse": True}, 0),
    ],
)
def test_what_is_not_valid_does_not_count_along_its_axis(op: str, attrs: dict, number: float) -> None:
    _, _, take = taken()
    tested = node(op, [take.outputs[0]], axis=0, **attrs)
    graph, problems = carried([take, tested], tested.output)
    assert problems == []
    filled = tested.inputs[0].producer
    assert (filled.op, filled.attrs) == ("FillBehind", FillBehindAttrs(0, number))
    assert filled.inputs == [take.outputs[0], take.outputs[2]]
    assert graph.extents == ({} if op in ("Reduce", "Argmax") else {0: (0, 1)})


@pytest.mark.parametrize("other", ["fixed", "another count"])
def test_operands_of_different_sizes_are_refused(other: str) -> None:
    _, _, take = taken()
    _, _, second = taken()
    operand = value("y", 20) if other == "fixed" else second.outputs[0]
    total = node("Elemwise", [take.outputs[0], operand], mode="add")
    _, problems = carried([take, second, total], total.output)
    assert len(problems) == 1
    assert "are not known to have the same varying size" in problems[0]


def test_operators_that_would_count_what_is_not_there_are_refused_by_name() -> None:
    _, _, take = taken()
    sizes = [Value("part", TensorType((1,), INT32), const=np.array([n], "int32")) for n in (5, 15)]
    cut = node("Split", [take.outputs[0], *sizes], axis=0)
    norm = node("LayerNorm", [take.outputs[0]], last_axes=1, epsilon=1e-5)
    _, problems = carried([take, cut, norm], *cut.outputs, norm.output)
    assert [problem.split(" ")[0] for problem in problems] == ["split", "layernorm"]
    for problem in problems:
        assert "how many elements of its input condtake0 are valid depends on the data" in problem
        assert "at most 20 along axis 0" in problem
        assert "make its input an output of the model" in problem
    assert "cut into parts of fixed sizes along that axis" in problems[0]
    assert "normalised along that axis" in problems[1]


def test_shapes_of_varying_data_are_counts_beside_constants() -> None:
    _, _, take = taken()
    rows = node(
        "IndexingMultiAxisVec",
        [value("t", 3, 20, 2), take.outputs[1]],
        items=((1, False, False, False, True),),
    )
    shape, count, known = (node("GetVarShape", [rows.output], axis=axis) for axis in (None, 1, 2))
    graph, problems = carried([take, rows, shape, count, known], shape.output, count.output, known.output)
    assert problems == []
    assert graph.extents == {}
    whole, size, fixed = (v.producer for _, v in graph.outputs)
    assert [n.op for n in (whole, size, fixed)] == ["Concat", "Identity", "Identity"]
    before, middle, after = whole.inputs
    assert (before.const.tolist(), middle, after.const.tolist()) == ([3], take.outputs[2], [2])
    assert (size.inputs[0], fixed.inputs[0].const.tolist()) == (take.outputs[2], [2])


def test_what_is_stretched_to_such_a_shape_varies_with_it() -> None:
    _, _, take = taken()
    shape = node("GetVarShape", [take.outputs[0]])
    ones = node("Broadcast", [value("one", 1), shape.output])
    total = node("Elemwise", [take.outputs[0], ones.output], mode="add")
    graph, problems = carried([take, shape, ones, total], total.output)
    assert problems == []
    assert graph.extents == {0: (0, 1)}


def test_a_reshape_by_another_count_than_the_data_has_is_refused() -> None:
    _, _, take = taken()
    _, _, second = taken()
    other = node("GetVarShape", [second.outputs[0]])
    one = Value("one", TensorType((1,), INT32), const=np.array([1], "int32"))
    shape = node("Concat", [other.output, one], axis=0)
    moved = node("Reshape", [take.outputs[0], shape.output])
    _, problems = carried([take, second, other, shape, moved], moved.output)
    assert len(problems) == 1
    assert "the count in its shape is not that of its data" in problems[0]


def test_a_shape_of_two_counts_is_refused() -> None:
    _, _, take = taken()
    own = node("GetVarShape", [take.outputs[0]])
    shape = node("Concat", [own.output, own.output], axis=0)
    stretched = node("Broadcast", [value("x", 1), shape.output])
    _, problems = carried([take, own, shape, stretched], stretched.output)
    assert len(problems) == 1
    assert "only one number may vary" in problems[0]


def test_joined_data_has_the_sum_of_the_counts() -> None:
    _, _, take = taken()
    _, _, second = taken()
    joined = node("Concat", [take.outputs[0], value("y", 3), second.outputs[0]], axis=0)
    twice = node("Elemwise", [joined.output, joined.output], mode="add")
    graph, problems = carried([take, second, joined, twice], twice.output)
    assert problems == []
    made = joined.output.producer
    assert (made.op, made.attrs.counted) == ("ConcatCounted", (True, False, True))
    assert made.inputs[3:] == [take.outputs[2], second.outputs[2]]
    assert graph.outputs[1][1] is made.outputs[1]
    assert graph.extents == {0: (0, 1)}


def test_data_that_varies_along_two_axes_is_not_joined() -> None:
    _, _, take = taken()
    rows = node(
        "IndexingMultiAxisVec", [value("t", 20, 20), take.outputs[1]], items=((0, False, False, False, True),)
    )
    turned = node("Dimshuffle", [rows.output], pattern=(1, 0))
    joined = node("Concat", [rows.output, turned.output], axis=0)
    _, problems = carried([take, rows, turned, joined], joined.output)
    assert [problem.split(" ")[0] for problem in problems] == ["concat"]


def test_graphs_of_fixed_sizes_stay_as_they_are() -> None:
    double = node("Elemwise", [value("x", 2), value("y", 2)], mode="add")
    graph, problems = carried([double], double.output)
    assert (problems, graph.extents, len(graph.outputs)) == ([], {}, 1)
