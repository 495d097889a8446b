"""Operators that move, address, choose and make elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from handmade_nodes import output_types, run, value
from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Unsupported, Value
from mgecc.graph.types import INT32
from mgecc.ops.known import AxisAttrs

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def ints(*numbers: Any) -> np.ndarray:
    return np.array(numbers, np.int32)


def computed(*shape: int) -> Value:
    return Value("n", TensorType(shape, INT32))


BEGIN, END, STEP, IDX = ((k == 0, k == 1, k == 2, k == 3) for k in range(4))
RANGE = (True, True, True, False)


@pytest.mark.parametrize("axis, target", [(None, (4, 6)), (1, (4, -1)), (0, (-1, 8)), (None, (-1, 2))])
def test_reshape_computes_the_open_size(axis: int | None, target: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(run("Reshape", {"axis": axis}, X, ints(*target))[0], X.reshape(target))


@pytest.mark.parametrize("target", [(5, 5), (-1, -1), (0, 24), (1,) * 8])
def test_impossible_reshapes_are_refused(target: tuple[int, ...]) -> None:
    with pytest.raises(Unsupported, match="cannot have the shape"):
        run("Reshape", {}, X, ints(*target))


def test_transposes_add_and_drop_axes_of_one() -> None:
    x = X.reshape(2, 1, 12)
    (result,) = run("Dimshuffle", {"pattern": (2, -1, 0)}, x)
    np.testing.assert_array_equal(result, x.transpose(2, 1, 0))
    for pattern in ((0, 0, 1), (0, 1), (0, 1, 5)):
        with pytest.raises(Unsupported):
            run("Dimshuffle", {"pattern": pattern}, X)


def test_axes_are_added_and_removed_one_after_another() -> None:
    steps = (("add", 0), ("add", -1), ("remove", 0))
    assert run("AxisAddRemove", {"steps": steps}, X)[0].shape == (2, 3, 4, 1)
    assert run("AxisAddRemove", {"steps": (("remove", 0),)}, ints(7))[0].shape == (1,)
    with pytest.raises(Unsupported, match="of size 3 cannot be removed"):
        run("AxisAddRemove", {"steps": (("remove", 1),)}, X)


def test_shape_of_several_values_is_their_common_one() -> None:
    a, b = np.zeros((3, 1), np.float32), np.zeros((2, 1, 4), np.float32)
    assert run("GetVarShape", {}, a, b)[0].tolist() == [2, 3, 4]
    assert run("GetVarShape", {"axis": 1}, a, b)[0].tolist() == [3]


def test_join_and_cut() -> None:
    parts = run("Split", {"axis": -1}, X, ints(1), ints(3))
    assert [p.shape for p in parts] == [(2, 3, 1), (2, 3, 3)]
    np.testing.assert_array_equal(run("Concat", {"axis": -1}, *parts)[0], X)
    with pytest.raises(Unsupported, match="cannot be cut"):
        run("Split", {"axis": 1}, X, ints(1), ints(1))
    with pytest.raises(Unsupported, match="cannot be joined"):
        run("Concat", {"axis": 0}, X, X[:, :2])
    with pytest.raises(Unsupported, match="have the types"):
        run("Concat", {"axis": 0}, X, X.astype(np.int32))


@pytest.mark.parametrize("begin, end, step", [(0, 3, 2), (3, 0, -1), (-1, -5, -2), (-2, 99, 1), (3, 1, 1)])
def test_slices_follow_python(begin: int, end: int, step: int) -> None:
    attrs = {"items": ((2, *RANGE),)}
    (result,) = run("Subtensor", attrs, X, ints(begin), ints(end), ints(step))
    np.testing.assert_array_equal(result, X[:, :, begin:end:step])


def test_items_take_their_inputs_in_order() -> None:
    attrs = {"items": ((2, *END), (1, *IDX), (0, *BEGIN))}
    (result,) = run("Subtensor", attrs, X, ints(3), ints(-1), ints(1))
    np.testing.assert_array_equal(result, X[1:, -1, :3])


def test_a_single_element_keeps_one_axis() -> None:
    assert run("Subtensor", {"items": ((0, *IDX),)}, ints(5, 6), ints(1))[0].tolist() == [6]


def test_slices_with_computed_bounds_have_their_largest_size() -> None:
    (open_type,) = output_types("Subtensor", {"items": ((2, *END),)}, value(X), computed(1))
    assert open_type.shape == X.shape
    with pytest.raises(Unsupported, match="model input n"):
        output_types("Subtensor", {"items": ((2, *STEP),)}, value(X), computed(1))


@pytest.mark.parametrize("items", [((0, *IDX),), ((0, *IDX), (0, *IDX)), ((3, *IDX),)])
def test_wrong_items_are_refused(items: tuple) -> None:
    with pytest.raises(Unsupported):
        run("Subtensor", {"items": items}, X, *[ints(0)] * (2 if items == ((0, *IDX),) else len(items)))


A, B = ints([0, 1], [1, 0]), ints(3, -1)


def test_index_arrays_follow_numpy() -> None:
    adjacent = run("IndexingMultiAxisVec", {"items": ((2, *IDX), (1, *IDX))}, X, B, A)[0]
    np.testing.assert_array_equal(adjacent, X[:, A, B])
    apart = run("IndexingMultiAxisVec", {"items": ((2, *IDX), (1, *BEGIN), (0, *IDX))}, X, B, ints(1), A)[0]
    np.testing.assert_array_equal(apart, X[:, 1:][A, :, B])


def test_mesh_indexing_is_the_outer_product() -> None:
    (result,) = run("MeshIndexing", {"items": ((2, *IDX), (0, *IDX))}, X, B, ints(1, 0, 1))
    np.testing.assert_array_equal(result, X[np.ix_([1, 0, 1], range(3), [3, -1])])


def test_batched_mesh_indexing_has_rows_for_every_item() -> None:
    rows = ints([0, -1], [2, 2])
    (result,) = run("BatchedMeshIndexing", {"items": ((1, *IDX),)}, X, rows)
    np.testing.assert_array_equal(result, np.stack([X[n][rows[n]] for n in range(2)]))
    with pytest.raises(IndexError):
        run("BatchedMeshIndexing", {"items": ((1, *IDX),)}, X, ints([0, 3], [0, 0]))


def test_writing_replaces_or_adds_and_stretches_the_value() -> None:
    attrs, one = {"items": ((2, *END),)}, np.ones((3, 1), np.float32)
    want = X.copy()
    want[:, :, :2] = 1
    np.testing.assert_array_equal(run("SetSubtensor", attrs, X, one, ints(2))[0], want)
    want = X.copy()
    want[:, :, :2] += 1
    np.testing.assert_array_equal(run("IncrSubtensor", attrs, X, one, ints(2))[0], want)


def test_repeated_indices_add_repeatedly() -> None:
    attrs, one = {"items": ((0, *IDX),)}, np.ones(1, np.float32)
    zeros, twice = np.zeros(3, np.float32), ints(1, 1, 2)
    for op in ("IndexingIncrMultiAxisVec", "IncrMeshIndexing"):
        assert run(op, attrs, zeros, one, twice)[0].tolist() == [0, 2, 1]
    batched = run("BatchedIncrMeshIndexing", {"items": ((1, *IDX),)}, zeros[None], one, twice[None])[0]
    assert batched.tolist() == [[0, 2, 1]]


@pytest.mark.parametrize("op", ["IndexingSetMultiAxisVec", "SetMeshIndexing"])
def test_writing_by_index(op: str) -> None:
    (result,) = run(op, {"items": ((0, *IDX),)}, ints(1, 2, 3), ints(8, 9), ints(-1, 0))
    assert result.tolist() == [9, 2, 8]


def test_values_that_do_not_fit_are_refused() -> None:
    for shape in ((3,), (2, 2, 3, 2)):
        with pytest.raises(Unsupported, match="fit"):
            run("SetSubtensor", {"items": ((2, *END),)}, X, np.ones(shape, np.float32), ints(2))
    with pytest.raises(Unsupported, match="cannot be stored"):
        run("SetSubtensor", {"items": ((2, *END),)}, X, ints(1), ints(2))
    with pytest.raises(Unsupported, match="cannot address"):
        run("IndexingMultiAxisVec", {"items": ((2, *IDX),)}, X, np.zeros(2, np.float32))


def test_one_element_along_an_axis() -> None:
    index = ints([0, 1, -1, 2], [2, 2, 0, 1])
    (taken,) = run("IndexingOneHot", {"axis": 1}, X, index)
    np.testing.assert_array_equal(taken[:, 0], np.take_along_axis(X, index[:, None] % 3, 1)[:, 0])
    (written,) = run("IndexingSetOneHot", {"axis": 1}, X, index, -taken)
    assert (written != X).sum() == 7  # one of the eight elements taken is zero
    with pytest.raises(Unsupported, match="indices from 4 to 7 do not fit an axis of 3"):
        run("IndexingOneHot", {"axis": 1}, X, index + 5)
    node = Node("IndexingOneHot", "n", AxisAttrs(1), [value(X), computed(2, 4)])
    with pytest.raises(IndexError):
        ops.evaluate(node, [X, index + 5])


def test_elements_by_a_map_of_coordinates() -> None:
    places = ints([[0, 1, 2], [1, 2, 3]])
    np.testing.assert_array_equal(run("IndexingRemap", {}, X, places)[0], [[X[0, 1, 2], X[1, 2, 3]]])
    with pytest.raises(Unsupported, match="indices from 2 to 3 do not fit an axis of 3"):
        run("IndexingRemap", {}, X, ints([[0, 3, 2], [1, 2, 3]]))


ROWS = np.array([[3, 1, 2, 1], [0, 5, 5, -1]], np.float32)


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_sorting_keeps_equal_elements_in_order(order: str) -> None:
    values, indices = run("Argsort", {"order": order}, ROWS)
    want = {"ascending": [[1, 3, 2, 0], [3, 0, 1, 2]], "descending": [[0, 2, 1, 3], [1, 2, 0, 3]]}
    assert indices.tolist() == want[order]
    np.testing.assert_array_equal(values, np.take_along_axis(ROWS, indices, 1))


@pytest.mark.parametrize("k, kth", [(2, [1, 0]), (-2, [2, 5])])
def test_smallest_and_largest(k: int, kth: list[int]) -> None:
    assert run("TopK", {"kth_only": True}, ROWS, ints(k))[0].tolist() == kth
    values, indices = run("TopK", {}, ROWS, ints(k))
    np.testing.assert_array_equal(values, np.take_along_axis(ROWS, indices, 1))
    with pytest.raises(Unsupported, match="4 elements have no 5-th one"):
        run("TopK", {"kth_only": True}, ROWS, ints(5))
    for number in (np.nan, np.inf):
        with pytest.raises(Unsupported, match=f"{number}. is not a number of elements"):
            run("TopK", {}, ROWS, np.array([number], np.float32))


def test_more_than_there_are_are_all() -> None:
    few, many = (run("TopK", {}, ROWS, ints(k)) for k in (-4, -9))
    for a, b in zip(few, many, strict=True):
        np.testing.assert_array_equal(a, b)


def test_first_extreme_element() -> None:
    assert run("Argmax", {"axis": 1}, ROWS)[0].tolist() == [[0], [1]]
    assert run("Argmin", {"axis": -1}, ROWS)[0].tolist() == [[1], [3]]


def select(op: str, attrs: dict[str, Any], *inputs: np.ndarray) -> list[np.ndarray]:
    from mgecc import ops
    from mgecc.graph import Node

    node = Node(op, "n", ops.attributes_of(op, attrs), [value(x) for x in inputs])
    node.outputs = [Value("y", t, node) for t in ops.infer(node)]
    return ops.evaluate(node, inputs)


@pytest.mark.parametrize(
    "condition, count", [("eq", 2), ("neq", 2), ("lt", 1), ("leq", 3), ("gt", 1), ("geq", 3)]
)
def test_conditions_choose(condition: str, count: int) -> None:
    mask = np.array([0, 1, 1, 2], np.float32)
    values, indices = select("CondTake", {"condition": condition, "value": 1.0}, mask * 10, mask)
    assert len(values) == len(indices) == count
    np.testing.assert_array_equal(values, (mask * 10)[indices])


def test_coordinates_of_what_is_not_zero() -> None:
    assert select("NonZero", {}, ints([0, 3], [4, 0]))[0].tolist() == [[0, 1], [1, 0]]


def test_choosing_and_filling_by_masks() -> None:
    mask = np.array([[True], [False]])
    assert run("Where", {}, mask, ints(1, 2), ints(8, 9))[0].tolist() == [[1, 2], [8, 9]]
    filled = run("MaskedFill", {"value": -1.0}, X, np.array([True, False]))[0]
    assert (filled[0] == -1).all() and (filled[1] == X[1]).all()


def test_overlapping_boxes_are_dropped_greedily() -> None:
    boxes = np.array([[[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [20, 1, 30, 11], [50, 50, 51, 51]]])
    indices, sizes = run("NMSKeep", {"iou_threshold": 0.5, "max_boxes": 4}, boxes.astype(np.float32))
    assert indices[0, : sizes[0]].tolist() == [0, 2, 4]
    _, limited = run("NMSKeep", {"iou_threshold": 0.5, "max_boxes": 2}, boxes.astype(np.float32))
    assert limited.tolist() == [2]


def padding(mode: str, x: np.ndarray, *pairs: tuple[int, int]) -> np.ndarray:
    return run("Padding", {"padding": pairs, "mode": mode, "value": 7.5}, x)[0]


def test_padding() -> None:
    x = ints(1, 2, 3)
    assert padding("constant", x, (1, 2)).tolist() == [7, 1, 2, 3, 7, 7]
    assert padding("reflect", x, (2, 1)).tolist() == [3, 2, 1, 2, 3, 2]
    assert padding("replicate", x, (1, 2)).tolist() == [1, 1, 2, 3, 3, 3]
    with pytest.raises(Unsupported, match="cannot be padded"):
        padding("reflect", x, (3, 0))
    with pytest.raises(Unsupported, match="cannot be padded"):
        padding("constant", x, (1, 0), (0, 1))


def test_generators() -> None:
    lin = run("Linspace", {"endpoint": False}, ints(0), ints(3), ints(3))[0]
    assert lin.dtype == np.float32 and lin.tolist() == [0, 1, 2]
    assert run("Eye", {"diagonal": 1, "dtype": DType("int32")}, ints(2, 3))[0].tolist() == [
        [0, 1, 0],
        [0, 0, 1],
    ]
    assert run("Diag", {"diagonal": -1}, ints(5))[0].tolist() == [[0, 0], [5, 0]]
    assert run("Diag", {"diagonal": 1}, ints([1, 2, 3], [4, 5, 6]))[0].tolist() == [2, 6]
    assert run("Alloc", {"dtype": DType("uint8")}, ints(2, 3))[0].shape == (2, 3)
    with pytest.raises(Unsupported, match="is not a shape"):
        run("Alloc", {"dtype": DType("float32")}, ints(2, -3))


@pytest.mark.parametrize(
    "op", ["Identity", "Copy", "MarkDynamicVar", "PersistentOutputStorage", "VirtualDep"]
)
def test_copies(op: str) -> None:
    np.testing.assert_array_equal(run(op, {}, X)[0], X)


def test_numbers_that_are_not_finite_raise_the_flag() -> None:
    bad = np.array([1, np.nan], np.float32)
    x, y, flag = run("CheckNonFinite", {"scale": 0.5}, X, bad)
    np.testing.assert_array_equal(x, X / 2)
    assert (y[0], flag.tolist()) == (0.5, [1])
    assert run("CheckNonFinite", {"scale": 1.0}, X)[-1].tolist() == [0]


def test_cross_products() -> None:
    rng = np.random.default_rng(1)
    a, b = (
        rng.standard_normal((2, 3, 5)).astype(np.float32),
        rng.standard_normal((2, 3, 5)).astype(np.float32),
    )
    (result,) = run("Cross", {"axes": (1, 1, -1)}, a, b)
    np.testing.assert_allclose(result, np.cross(a, b, axisa=1, axisb=1, axisc=-1), rtol=1e-5, atol=1e-6)


def test_stretching() -> None:
    assert run("Broadcast", {}, ints([1], [2]), ints(3, 2, 2))[0].shape == (3, 2, 2)
    with pytest.raises(Unsupported):
        run("Broadcast", {}, ints(1, 2), ints(3))
    quantised = value(np.array([1], np.int8), DType("qint8", 0.5))
    assert output_types("Broadcast", {}, quantised, value(ints(4)))[0].dtype == DType("qint8", 0.5)
