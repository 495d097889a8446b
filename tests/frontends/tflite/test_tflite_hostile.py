"""Whatever the bytes, importing gives a graph with its problems or one error, in little time and memory."""

from __future__ import annotations

import random
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from flatbuffer_writer import Table, flatbuffer
from mgecc import frontends
from tflite_writer import TfliteFile, record

HEY_JARVIS = (Path(__file__).parents[2] / "data" / "tflite" / "hey_jarvis.tflite").read_bytes()


def small() -> bytes:
    """A convolution, a sparse constant of halves, a slice, a fully connected layer, a signature."""
    m = TfliteFile()
    x = m.input("x", [1, 4, 4, 2])
    w = m.constant(np.ones((3, 2, 2, 2)))
    y = m.op(
        "CONV_2D",
        [x, w],
        m.tensor([1, 3, 3, 3]),
        options=("Conv2DOptions", {"padding": "VALID", "stride_w": 1, "stride_h": 1}),
    )
    bounds = [m.constant(np.array(n)) for n in ([0, 0, 0, 0], [1, 2, 2, 3])]
    y = m.op("SLICE", [y, *bounds], m.tensor([1, 2, 2, 3]))
    y = m.op("RESHAPE", [y, m.constant(np.array([1, -1]))], m.tensor([1, 12]))
    dense = record("DimensionMetadata", format="DENSE", dense_size=2)
    indices = [("Uint8Vector", record("Uint8Vector", values=values)) for values in ([0, 1, 3], [11, 0, 5])]
    rows = record(
        "DimensionMetadata", format="SPARSE_CSR", array_segments=indices[0], array_indices=indices[1]
    )
    sparsity = record("SparsityParameters", traversal_order=[0, 1], dim_metadata=[dense, rows])
    halves = m.buffer(np.array([1, 2, 3], np.float16).tobytes())
    w = m.tensor([2, 12], "FLOAT16", sparsity=sparsity, buffer=halves)
    w = m.op("DENSIFY", [w], m.tensor([2, 12], "FLOAT16"))
    w = m.op("DEQUANTIZE", [w], m.tensor([2, 12]))
    y = m.op(
        "FULLY_CONNECTED",
        [y, w, m.constant(np.ones(2))],
        m.tensor([1, 2]),
        options=("FullyConnectedOptions", {"fused_activation_function": "RELU"}),
    )
    m.sign({"picture": x}, {"score": y})
    return m.bytes(y)


SMALL = small()


def outcome(data: bytes) -> str:
    """ "read", or the one line of a problem or error; any other exception fails the test."""
    try:
        _, problems = frontends.survey(data, "net.tflite")
    except (frontends.ModelError, frontends.OtherKind) as error:
        assert str(error).isprintable()
        return str(error)
    assert all(str(problem).isprintable() for problem in problems.problems)
    return "\n".join(map(str, problems.problems)) or "read"


def test_the_honest_files_are_read() -> None:
    assert outcome(SMALL) == "read"
    assert outcome(HEY_JARVIS) == "read"


@pytest.mark.parametrize("data", [SMALL, HEY_JARVIS], ids=["small", "hey_jarvis"])
def test_no_truncation_is_taken_for_the_file(data: bytes) -> None:
    whole = outcome(data)
    for length in range(0, len(data) - 3, 1 if len(data) < 4000 else 997):
        assert outcome(data[:length]) != whole, length


def test_a_flipped_bit_in_any_byte_does_no_harm() -> None:
    data, generator = bytearray(SMALL), random.Random(7)
    for position in range(len(data)):
        bit = 1 << generator.randrange(8)
        data[position] ^= bit
        outcome(bytes(data))
        data[position] ^= bit


def test_numbers_at_their_limits_anywhere_do_no_harm() -> None:
    for position in range(0, len(SMALL) - 4, 4):
        for value in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF, len(SMALL)):
            changed = bytearray(SMALL)
            struct.pack_into("<I", changed, position, value)
            outcome(bytes(changed))


@pytest.mark.parametrize("seed", range(20))
def test_random_damage_to_a_real_file_does_no_harm(seed: int) -> None:
    """Most of it in front, where the structure lies."""
    damaged, generator = bytearray(HEY_JARVIS), random.Random(seed)
    for _ in range(1 + seed):
        at = generator.randrange(len(damaged) if seed % 2 else 20000)
        damaged[at] = generator.choice((0, 1, 127, 128, 255, generator.randrange(256)))
    outcome(bytes(damaged))


def shared(count: int) -> bytes:
    """Many references to one table of many references to one tensor."""
    tensor = record("Tensor", shape=[1] * 8, name="n" * 500)
    graph: Table = record("SubGraph", tensors=[tensor] * count)
    return flatbuffer(record("Model", version=3, subgraphs=[graph] * count), b"TFL3")


def fill(shape: list[int]) -> bytes:
    m = TfliteFile()
    y = m.op("FILL", [m.constant(np.array(shape)), m.constant(np.array(1.0))], m.tensor(shape))
    return m.bytes(y)


def tile(count: int) -> bytes:
    m = TfliteFile()
    x = m.input("x", [1, 100])
    y = m.op("TILE", [x, m.constant(np.array([1, count]))], m.tensor([1, 100]))
    y = m.op("TILE", [y, m.constant(np.array([count, 1]))], m.tensor([1, 100]))
    return m.bytes(y)


def one_hot(depth: int) -> bytes:
    m = TfliteFile()
    numbers = [m.constant(np.array(n)) for n in (depth, 1.0, 0.0)]
    index = m.input("x", [4], "INT32")
    y = m.op("ONE_HOT", [index, *numbers], m.tensor([4, 8]), options=("OneHotOptions", {"axis": -1}))
    return m.bytes(y)


GREEDY = {
    "one-hot rows": (one_hot(1 << 30), "is too large"),
    "references to one table": (shared(3000), "too often"),
    "constant result": (fill([1 << 14, 1 << 15]), "too large"),
    "tensor": (tile(1 << 20), "larger than 2 GiB"),
    "unpacked parts": (tile(-3), "net.tflite|shape|stretched"),
}


@pytest.mark.parametrize("name", sorted(GREEDY))
def test_little_files_that_ask_for_much_get_one_line(name: str) -> None:
    data, reason = GREEDY[name]
    tracemalloc.start()
    said = outcome(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert any(word in said for word in reason.split("|")), said
    assert peak < 64 << 20


OPTIONS = {
    "GATHER": ([1, 4], [0], "batch_dims"),
    "CONCATENATION": ([1, 4], None, "axis"),
    "AVERAGE_POOL_2D": ([1, 4, 4, 2], None, "filter_height"),
    "STRIDED_SLICE": ([1, 4], [[0, 0], [1, 2], [1, 1]], "begin_mask"),
    "SPACE_TO_DEPTH": ([1, 4, 4, 2], None, "block_size"),
}


@pytest.mark.parametrize("type", OPTIONS)
def test_an_operator_without_the_options_that_decide_about_it_is_refused_by_their_name(type: str) -> None:
    shape, numbers, option = OPTIONS[type]
    m = TfliteFile()
    rest = [] if numbers is None else np.array(numbers).reshape(-1, len(shape) if np.ndim(numbers) > 1 else 1)
    operands = [m.input("x", shape), *(m.constant(row) for row in rest)]
    assert f"its option {option} is missing" in outcome(m.bytes(m.op(type, operands, m.tensor(shape))))


@pytest.mark.parametrize("pads", [[1, 1], [[1, 1, 1], [0, 0, 0]]])
def test_paddings_that_are_no_pairs_are_refused_by_their_shape(pads: list[int]) -> None:
    m = TfliteFile()
    operands = [m.input("x", [1, 4]), m.constant(np.array(pads))]
    assert "its paddings have the shape" in outcome(m.bytes(m.op("PAD", operands, m.tensor([1, 4]))))


def test_all_problems_are_told_at_once_each_with_its_place() -> None:
    m = TfliteFile()
    x = m.input("x", [1, 4])
    a = m.op("HASHTABLE_SIZE", [x], m.tensor([1, 4], name="size"))
    b = m.op("Mine", [x], m.tensor([1, 4], name="mine"), custom=b"")
    c = m.op("SOFTMAX", [x], m.tensor([1, 4]), options=("SoftmaxOptions", {"beta": 1.0}))
    d = m.op("ADD", [a, c], m.tensor([1, 4]), options=("AddOptions", {}))
    said = outcome(m.bytes(b, d))
    assert "HASHTABLE_SIZE is not supported" in said and "Mine" in said
    assert "size" in said and "operator 0 (HASHTABLE_SIZE) at byte" in said
    assert said.count("\n") == 1
