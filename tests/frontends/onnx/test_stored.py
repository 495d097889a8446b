"""Large constants are read where they lie in the file, and mean what the package onnx reads."""

from __future__ import annotations

import random
from itertools import repeat

import numpy as np
import pytest
from mgecc.frontends.errors import ModelError
from mgecc.frontends.onnx import stored
from mgecc.frontends.onnx.dtypes import array_of
from mgecc.frontends.onnx.errors import OnnxError
from mgecc.frontends.onnx.reader import read_onnx
from mgecc.frontends.onnx.stored import SMALL, parse
from networks import model, results, survey
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper

LARGE = np.arange(4 * SMALL, dtype=np.float32).reshape(2, -1)
TYPES = [np.float32, np.float64, np.float16, np.int64, np.int32, np.int8, np.uint8, np.bool_]


def file(*constants: TensorProto) -> bytes:
    """A model that adds its constants."""
    made = ModelProto()
    made.ParseFromString(model([helper.make_node("Relu", ["x"], ["y"])], {"x": [2]}, ["y"]))
    made.graph.initializer.extend(constants)
    return bytes(made.SerializeToString())


def held(data: bytes) -> bool:
    """Whether the numbers of the only constant lie in the file."""
    (constant,) = parse(data)[1]
    return np.shares_memory(constant.array(), np.frombuffer(data, np.uint8))


def alike(data: bytes) -> None:
    """What is read is what the package reads from the whole file."""
    whole = ModelProto()
    whole.ParseFromString(data)
    found, constants = parse(data)
    assert len(constants) == len(whole.graph.initializer)
    for constant, tensor in zip(constants, whole.graph.initializer, strict=True):
        assert (constant.proto.name, constant.proto.dims) == (tensor.name, tensor.dims)
        np.testing.assert_array_equal(constant.array(), array_of(tensor))
    del found.graph.initializer[:]
    del whole.graph.initializer[:]
    assert found == whole


@pytest.mark.parametrize("dtype", TYPES)
def test_large_constants_lie_in_the_file(dtype: type) -> None:
    data = file(numpy_helper.from_array(LARGE.astype(dtype), "w"))
    assert held(data)
    alike(data)
    assert read_onnx(data).constants["w"].array().dtype == dtype


def node_file(*attributes: AttributeProto, domain: str = "") -> bytes:
    """A model that adds the constant of its first node."""
    node = helper.make_node("Constant", [], ["w"], domain=domain)
    node.attribute.extend(attributes)
    adds = helper.make_node("Add", ["x", "w"], ["y"], name="adds")
    return model([node, adds], {"x": list(LARGE.shape)}, ["y"])


VALUE = helper.make_attribute("value", numpy_helper.from_array(LARGE, "inner"))


@pytest.mark.parametrize("domain", ["", "ai.onnx"])
def test_large_constants_of_nodes_lie_in_the_file(domain: str) -> None:
    data = node_file(VALUE, domain=domain)
    found, (constant,) = parse(data)
    assert np.shares_memory(constant.array(), np.frombuffer(data, np.uint8))
    np.testing.assert_array_equal(constant.array(), LARGE)
    assert [node.op_type for node in found.graph.node] == ["Identity", "Add"]
    graph, problems = survey(data)
    assert problems == [] and [(node.name, node.origin) for node in graph.nodes] == [("adds", "node 1 (Add)")]
    np.testing.assert_array_equal(results(data, x=LARGE)[0], LARGE + LARGE)


@pytest.mark.parametrize(
    ("attributes", "domain"),
    [
        ([VALUE], "other"),
        ([VALUE, VALUE], ""),
        ([helper.make_attribute("other", numpy_helper.from_array(LARGE, "inner"))], ""),
        ([helper.make_attribute("value", numpy_helper.from_array(LARGE[:, :500], "inner"))], ""),
        ([helper.make_attribute("value_floats", LARGE.reshape(-1).tolist())], ""),
    ],
    ids=["domain", "two", "name", "small", "floats"],
)
def test_other_nodes_keep_their_constants(attributes: list[AttributeProto], domain: str) -> None:
    data = node_file(*attributes, domain=domain)
    whole = ModelProto()
    whole.ParseFromString(data)
    assert parse(data) == (whole, [])


@pytest.mark.parametrize("elements", [1, SMALL])
def test_small_constants_stay_in_the_model(elements: int) -> None:
    data = file(numpy_helper.from_array(np.zeros(elements, np.float64), "w"))
    assert not held(data)
    alike(data)


@pytest.mark.parametrize("kind", [TensorProto.BFLOAT16, TensorProto.FLOAT8E5M2, TensorProto.FLOAT8E4M3FN])
def test_numbers_that_numpy_lacks_are_converted(kind: int) -> None:
    size = helper.tensor_dtype_to_np_dtype(kind).itemsize
    alike(file(helper.make_tensor("w", kind, [4 * SMALL], bytes(range(1, 65)) * 64 * size, raw=True)))


def test_of_numbers_that_are_stored_twice_the_last_ones_count() -> None:
    first, last = (numpy_helper.from_array(n, "w") for n in (LARGE, -LARGE))
    last.ClearField("dims")
    twice = first.SerializeToString() + last.SerializeToString()
    rest = file()
    initializer = b"\x2a" + varint(len(twice)) + twice
    alike(rest + b"\x3a" + varint(len(initializer)) + initializer)  # a second graph is joined to the first


def varint(number: int) -> bytes:
    head = bytes([number & 127 | 128 * (number > 127)])
    return head + varint(number >> 7) if number > 127 else head


def test_wrong_counts_of_numbers_are_told() -> None:
    constant = numpy_helper.from_array(LARGE, "w")
    constant.raw_data = constant.raw_data[:-4]
    with pytest.raises(
        OnnxError, match=rf"w has the shape \[2, {2 * SMALL}\], and {4 * SMALL - 1} numbers are"
    ):
        read_onnx(file(constant))


def test_damaged_files_are_read_or_refused_as_whole_ones_are() -> None:
    data, rng = (
        file(numpy_helper.from_array(LARGE, "w"), numpy_helper.from_array(-LARGE, "v")),
        random.Random(1),
    )
    begins = [k for k in range(len(data)) if k < 60 or 16400 < k < 16500 or k > len(data) - 40]
    for _ in range(2000):
        damaged = bytearray(data)
        damaged[rng.choice(begins)] = rng.randrange(256)
        whole = ModelProto()
        try:
            whole.ParseFromString(bytes(damaged))
        except Exception:  # noqa: BLE001 -- of the package, which has no base for them
            with pytest.raises(OnnxError):
                parse(bytes(damaged))
            continue
        found, constants = parse(bytes(damaged))
        for constant, tensor in zip(constants, whole.graph.initializer, strict=True):
            if constant.numbers is not None:
                constant.proto.raw_data = bytes(constant.numbers)
            assert constant.proto == tensor
        assert found == whole


def outcome(data: bytes) -> object:
    """What becomes of a file: its nodes, problems and results, or why it is refused."""
    try:
        graph, problems = survey(data)
        numbers = [value.const.tobytes() for value in graph.values() if value.const is not None]
        return [node.origin for node in graph.nodes], problems, numbers
    except ModelError as error:
        return str(error).replace("w:value", "inner")


def test_damaged_constants_of_nodes_mean_what_they_mean_to_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data, rng, outcomes = node_file(VALUE), random.Random(1), []
    for _ in range(400):
        damaged = bytearray(data)
        damaged[rng.choice([*range(120), *range(len(data) - 120, len(data))])] = rng.randrange(256)
        outcomes.append((bytes(damaged), outcome(bytes(damaged))))
    monkeypatch.setattr(stored, "_without_numbers", lambda data: (data, repeat(None), repeat(None)))
    for damaged_data, found in outcomes:
        assert outcome(damaged_data) == found
