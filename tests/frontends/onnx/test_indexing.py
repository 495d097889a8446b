"""Elements of ONNX files by their positions, negative ones included, against the standard's evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from networks import model, results, survey
from onnx import ModelProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator

RNG = np.random.default_rng(3)


def floats(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def check(op: str, operands: Sequence[np.ndarray], computed: Sequence[bool] = (), **attrs: Any) -> np.ndarray:
    """Compare a node's result with the evaluator's; ``computed``: operands that are no constants."""
    names = [f"x{k}" for k in range(len(operands))]
    flags = [*computed, *[False] * (len(operands) - len(computed))]
    node = helper.make_node(op, names, ["y"], **attrs)
    given = {name: a for name, a, fed in zip(names, operands, flags) if fed}
    fixed = {name: a for name, a in zip(names, operands) if name not in given}
    data = model([node], {name: a.shape for name, a in given.items()}, ["y"], fixed)
    proto = ModelProto.FromString(data)
    for value in proto.graph.input:
        value.type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(given[value.name].dtype)
    (want,) = ReferenceEvaluator(proto).run(None, given)
    (got,) = results(proto.SerializeToString(), **{n: narrow(a) for n, a in given.items()})
    assert np.allclose(got.reshape(want.shape), want, rtol=1e-6, equal_nan=True)
    return np.asarray(want)


def narrow(array: np.ndarray) -> np.ndarray:
    return array.astype(np.int32) if array.dtype == np.int64 else array


@pytest.mark.parametrize("computed", [True, False])
@pytest.mark.parametrize(
    ("axis", "shape"), [(0, (5, 2, 4)), (1, (3, 6, 4)), (-1, (3, 2, 1)), (1, (2, 3, 3)), (0, (0, 2, 4))]
)
def test_elements_along_an_axis(axis: int, shape: tuple[int, ...], computed: bool) -> None:
    """Positions may lie in a part of the other axes."""
    x = floats(3, 2, 4)
    index = RNG.integers(-x.shape[axis], x.shape[axis], shape)
    if computed:
        index = index.astype(np.int32)
    node = helper.make_node("GatherElements", ["x", "i"], ["y"], axis=axis)
    fed = {"i": index} if computed and index.size else {}
    proto = ModelProto.FromString(
        model(
            [node], {"x": x.shape} | {n: a.shape for n, a in fed.items()}, ["y"], {} if fed else {"i": index}
        )
    )
    for value in proto.graph.input[1:]:
        value.type.tensor_type.elem_type = TensorProto.INT32
    (got,) = results(proto.SerializeToString(), x=x, **fed)
    part = x[tuple(slice(n if k != axis % 3 else None) for k, n in enumerate(shape))]
    assert (got == np.take_along_axis(part, index, axis)).all() and got.shape == shape


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "min", "max"])
@pytest.mark.parametrize("shape", [(2, 2, 4), (1, 1, 3)])
def test_elements_are_written_along_an_axis(reduction: str, shape: tuple[int, ...]) -> None:
    x, index = floats(3, 2, 4), RNG.permutation(3)[: shape[0], None, None] - 3
    index = np.broadcast_to(index, shape).copy()
    check("ScatterElements", [x, index, floats(*shape)], [True, True, True], axis=0, reduction=reduction)


@pytest.mark.parametrize("kind", ["float16", "int8", "int32", "float32"])
@pytest.mark.parametrize("reduction", ["add", "mul", "min", "max"])
def test_an_element_that_is_named_twice_gets_both(reduction: str, kind: str) -> None:
    x, value = (np.arange(1, n + 1).astype(kind) for n in (4, 5))
    index = np.array([[1], [-1], [1], [0], [1]])
    want = check("ScatterND", [x, index, value], [True, True, True], reduction=reduction)
    assert (want != x).any()


def test_nan_stays_and_is_taken_over() -> None:
    x, index = np.array([1, np.nan, 3], np.float32), np.array([[0], [1], [2]])
    want = check("ScatterND", [x, index, np.array([np.nan, 1, 2], np.float32)], [True], reduction="max")
    assert np.isnan(want[:2]).all() and want[2] == 3


@pytest.mark.parametrize("computed", [True, False])
@pytest.mark.parametrize(("batch", "depth"), [(0, 1), (0, 2), (0, 4), (1, 1), (1, 3), (2, 2)])
def test_parts_by_coordinates(batch: int, depth: int, computed: bool) -> None:
    x = floats(2, 3, 4, 5)
    sizes = np.array(x.shape[batch : batch + depth])
    index = RNG.integers(-sizes, sizes, (*x.shape[:batch], 3, 2, depth))
    check("GatherND", [x, index], [True, computed], batch_dims=batch)


@pytest.mark.parametrize(("batch", "time"), [(0, 1), (1, 0)])
@pytest.mark.parametrize("computed", [True, False])
def test_sequences_are_reversed_as_far_as_they_go(batch: int, time: int, computed: bool) -> None:
    x, lengths = floats(4, 4, 2), np.array([1, 4, 3, 2])
    check("ReverseSequence", [x, lengths], [True, computed], batch_axis=batch, time_axis=time)


@pytest.mark.parametrize("mode", ["linear", "circular"])
@pytest.mark.parametrize("axis", [-2, 1])
def test_a_cache_is_written_at_a_position_of_each_item(mode: str, axis: int) -> None:
    cache, update = floats(2, 3, 4, 2), floats(2, 3, 4, 2)
    update = update.take(range(2), axis)
    at = np.array([2, 1 if mode == "linear" else 3]) if axis == -2 else np.array([1, 0])
    check("TensorScatter", [cache, update, at], [True, True, True], mode=mode, axis=axis)


def test_axes_are_repeated_and_none_is_left_of_no_repeats() -> None:
    check("Tile", [floats(2, 1, 3), np.array([1, 4, 2])], [True])
    check("Tile", [floats(2, 3), np.array([0, 2])], [True])
    check("Tile", [floats(), np.array([], np.int64)], [True])


def test_constant_positions_outside_of_an_axis_are_refused() -> None:
    node = helper.make_node("GatherElements", ["x", "i"], ["y"], axis=1)
    _, (problem,) = survey(model([node], {"x": [2, 3]}, ["y"], {"i": np.array([[3], [0]])}))
    assert "indices from 0 to 3 do not fit an axis of 3" in problem
