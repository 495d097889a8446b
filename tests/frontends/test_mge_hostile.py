"""Whatever the bytes, reading gives a Model or one MgeError, in little time and memory."""

from __future__ import annotations

import random
import struct
import tracemalloc
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from flatbuffer_writer import Field, Scalar, Scalars, Table, flatbuffer, size_prefixed, u8, u32
from mgecc.frontends.mge import MgeError, Model, read_mge
from mgecc.frontends.mge.tables import type_id

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
FILES = sorted(path.stem for path in CORPUS.glob("*.mge"))


def corpus(name: str) -> bytes:
    return (CORPUS / f"{name}.mge").read_bytes()


def model_or_error(data: bytes) -> Model | MgeError:
    """Read and use everything that is read lazily; any exception but MgeError fails the test."""
    try:
        model = read_mge(data)
        for tensor in model.constants.values():
            tensor.array()
    except MgeError as error:
        assert str(error).isprintable() and f"{error.offset}" in str(error)
        assert 0 <= error.offset <= len(data)
        return error
    return model


def refused(data: bytes) -> str:
    outcome = model_or_error(data)
    assert isinstance(outcome, MgeError), "a damaged file was accepted"
    return str(outcome)


@pytest.mark.parametrize("name", ["lrn", "layer_norm_fbs", "test_cases_no_assert", "legacy_mgbs"])
def test_every_truncation_is_refused(name: str) -> None:
    data = corpus(name)
    for length in range(len(data)) if len(data) < 4000 else range(0, len(data), 97):
        refused(data[:length])


@pytest.mark.parametrize("name", ["lrn", "layer_norm_fbs", "test_cases_no_assert"])
def test_a_flipped_bit_in_any_byte_does_no_harm(name: str) -> None:
    data = bytearray(corpus(name))
    generator = random.Random(7)
    for position in range(len(data)):
        bit = 1 << generator.randrange(8)
        data[position] ^= bit
        model_or_error(bytes(data))
        data[position] ^= bit


@pytest.mark.parametrize("name", FILES)
def test_random_damage_does_no_harm(name: str) -> None:
    data, generator = corpus(name), random.Random(name)
    for round_number in range(8):
        damaged = bytearray(data)
        for _ in range(1 + round_number):
            damaged[generator.randrange(len(data))] = generator.choice(
                (0, 1, 127, 128, 255, generator.randrange(256))
            )
        model_or_error(bytes(damaged))


def zip_file() -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("model.mge", b"content")
    return stream.getvalue()


FOREIGN = {
    "empty": b"",
    "one byte": b"m",
    "png": b"\x89PNG\r\n\x1a\n"
    + struct.pack(">I", 13)
    + b"IHDR"
    + bytes(13)
    + struct.pack(">I", zlib.crc32(b"x")),
    "zip": zip_file(),
    "random": random.Random(1).randbytes(5000),
    "zeros": bytes(5000),
    "mark only": bytes(8) + b"mgv2",
    "test-case mark only": b"mgbtest0",
    "package mark only": b"packed_model",
}


@pytest.mark.parametrize("kind", sorted(FOREIGN))
def test_foreign_files_are_refused(kind: str) -> None:
    refused(FOREIGN[kind])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"mgb0001" + bytes(40), "raw format"),
        (b"mgb0000a" + bytes(40), "raw format"),
        (b"....anc00002" + bytes(40), "application package"),
        (b"....mgf00001" + bytes(40), "application package"),
        (random.Random(2).randbytes(400), "encrypted"),
    ],
)
def test_other_kinds_of_model_files_are_named(data: bytes, reason: str) -> None:
    assert reason in refused(data)


# Models written by hand: a float32 input, one operator, one output.

FLOAT32 = Table({0: Scalar("b", 0)})


def stored(name: str, shape: list[int], dtype: Table = FLOAT32, data: bytes | None = None) -> Table:
    fields: dict[int, Field] = {0: name, 1: Scalars("I", shape), 3: dtype}
    return Table(fields | ({} if data is None else {6: data}))


def input_record(name: str = "x", data: bytes | None = None) -> Table:
    param = Table({} if data is None else {1: Scalar("?", True)})
    tensors: Field = [stored(name, [2], data=data)]
    return Table({0: "Host2DeviceCopy", 3: u8(63), 4: param, 8: Scalars("I", [0]), 11: tensors})


def relu(inputs: list[int], output: int) -> Table:
    return Table(
        {0: "Elemwise", 3: u8(17), 4: Table(), 7: Scalars("I", inputs), 8: Scalars("I", [output]), 12: u32(1)}
    )


def constant(number: int, tensor: Table) -> Table:
    return Table({0: "ImmutableTensor", 8: Scalars("I", [number]), 11: [tensor]})


def model_v2(records: list[Table], outputs: tuple[int, ...] = (1,)) -> bytes:
    output_tables: Field = [Table({0: u32(number)}) for number in outputs]
    return size_prefixed(Table({0: u32(101300), 2: records, 4: output_tables}), b"mgv2")


def test_a_model_written_by_hand_is_read() -> None:
    model = read_mge(model_v2([input_record(), relu([0], 1)]))
    assert [r.type for r in model.records] == ["Host2DeviceCopy", "Elemwise"]
    assert model.records[1].params == {"mode": "RELU"} and model.outputs == (1,)


def test_a_default_input_value_is_kept() -> None:
    model = read_mge(model_v2([input_record(data=struct.pack("<2f", 1.5, -2))], (0,)))
    assert model.inputs[0].tensor.array().tolist() == [1.5, -2.0]
    assert model.constants == {}


def test_a_lite_package_is_opened_unless_encrypted() -> None:
    content = model_v2([input_record(), relu([0], 1)])

    def package(scheme: str) -> bytes:
        packed = Table({0: Table({0: "name", 3: scheme}), 2: Table({0: content})})
        return b"packed_model" + flatbuffer(Table({0: [packed]}))

    plain = package("NONE")
    model = read_mge(plain)
    assert model.outputs == (1,)
    assert "RC4_default" in refused(package("RC4_default"))
    for length in range(0, len(plain) - 4, 3):
        refused(plain[:length])


def test_positions_in_a_package_are_those_of_the_whole_file() -> None:
    content = model_v2([input_record(), relu([5], 1)])
    data = b"packed_model" + flatbuffer(Table({0: [Table({2: Table({0: content})})]}))
    alone, packed = model_or_error(content), model_or_error(data)
    assert isinstance(alone, MgeError) and isinstance(packed, MgeError)
    assert packed.offset == alone.offset + data.index(content)


@pytest.mark.parametrize(
    ("records", "outputs", "reason"),
    [
        ([], (), "no outputs"),
        ([input_record()], (1,), "no record produces"),
        ([input_record(), relu([1], 1)], (1,), "no earlier record"),
        ([input_record(), relu([0], 2)], (1,), "next value numbers"),
        ([input_record(), relu([0], 0)], (0,), "next value numbers"),
        ([constant(0, stored("", [3], data=bytes(8)))], (0,), "needs 12 bytes, has 8"),
        ([constant(0, stored("", [3]))], (0,), "without data"),
        ([constant(0, stored("", [2**31] * 3, data=bytes(8)))], (0,), "large shape"),
        ([constant(0, stored("", [1] * 8, data=bytes(4)))], (0,), "dimensions"),
        ([constant(0, stored("", [], data=bytes(4)))], (0,), "no shape"),
        (
            [constant(0, stored("", [1], Table({0: Scalar("b", 22)}), bytes(4)))],
            (0,),
            "element type number 22",
        ),
        ([constant(0, stored("", [1], Table({0: Scalar("b", 13)}), bytes(1)))], (0,), "no scale"),
        (
            [Table({0: "Elemwise", 3: u8(3), 4: Table(), 8: Scalars("I", [0])})],
            (0,),
            "parameter record Convolution",
        ),
        ([Table({0: "PoolingV1", 8: Scalars("I", [0])})], (0,), "not Pooling"),
        ([Table({0: "ImmutableTensor", 8: Scalars("I", [0])})], (0,), "0 tensors for 1 outputs"),
    ],
)
def test_inconsistent_records_are_refused(
    records: list[Table], outputs: tuple[int, ...], reason: str
) -> None:
    assert reason in refused(model_v2(records, outputs))


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_scales_are_refused(scale: float) -> None:
    dtype = Table({0: Scalar("b", 13), 1: u8(1), 2: Table({0: Scalar("f", scale)})})
    assert "impossible scale" in refused(model_v2([constant(0, stored("", [1], dtype, bytes(1)))], (0,)))


def test_empty_tensors_of_odd_shapes_are_arrays() -> None:
    model = read_mge(model_v2([constant(0, stored("", [0, 2**32 - 1], data=b""))], (0,)))
    assert model.constants[0].array().shape == (0, 2**32 - 1)


def test_unknown_operators_and_kinds_are_kept() -> None:
    strange = Table({0: "Frobnicate", 3: u8(200), 4: Table(), 7: Scalars("I", [0]), 8: Scalars("I", [1, 2])})
    nameless = Table({1: Scalar("Q", 0x1234), 7: Scalars("I", [2]), 8: Scalars("I", [3])})
    model = read_mge(model_v2([input_record(), strange, nameless], (3,)))
    assert [r.known for r in model.records] == [True, False, False]
    assert (model.records[1].type, model.records[1].param, model.records[1].params) == ("Frobnicate", 200, {})
    assert model.records[2].type == "unknown_0x0000000000001234"


def test_unknown_enumeration_values_stay_numbers() -> None:
    record = Table(
        {0: "Elemwise", 3: u8(17), 4: Table({0: u32(9999)}), 7: Scalars("I", [0]), 8: Scalars("I", [1])}
    )
    assert read_mge(model_v2([input_record(), record])).records[1].params == {"mode": 9999}


def test_operators_of_stripped_builds_are_found_by_id() -> None:
    record = relu([0], 1)
    del record[0]
    record[1] = Scalar("Q", type_id("Elemwise"))
    assert read_mge(model_v2([input_record(), record])).records[1].type == "Elemwise"


def test_names_that_could_break_messages_are_escaped() -> None:
    record = relu([0], 1)
    record[0] = "two\nlines\x1b[31m"
    record[3], record[8] = u8(255), Scalars("I", [7])
    refused(model_v2([input_record(), record]))
    model = read_mge(model_v2([input_record(name="caf\u00e9"), relu([0], 1)]))
    assert model.inputs[0].name == "caf\u00e9"


@pytest.mark.parametrize("shared", ["records", "tensors", "blobs"])
def test_sharing_one_object_many_times_does_not_unfold(shared: str) -> None:
    """A file of references to one object is refused before it fills the memory."""
    if shared == "records":
        records = [Table({0: "Sink", 3: u8(82), 4: Table()})] * 40_000
    elif shared == "tensors":
        tensors: Field = [stored("", [250_000], data=bytes(1_000_000))] * 5000
        records = [Table({0: "Sink", 11: tensors})]
    else:
        records = [Table({0: "Sink", 14: [Table({0: bytes(1_000_000)})] * 5000})]
    data = model_v2([input_record(), *records], (0,))
    tracemalloc.start()
    message = refused(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "too often" in message
    assert peak < 100 * len(data)


# Container FBS: tensors in front, outputs not listed.


def model_fbs(
    records: list[Table], tensors: bytes = b"", features: int = 0, size: int | None = None
) -> bytes:
    output_vars = Scalars("Q", [0])  # 8-byte structs {value number, original id}
    root = Table({0: u32(101300), 3: records, 4: output_vars})
    header = b"MGBC" + struct.pack("<QIQ", features, 0, len(tensors) if size is None else size)
    return header + tensors + size_prefixed(root, b"mgb1")


def fbs_constant(sizes: list[tuple[int, int]], shape: list[int]) -> Table:
    tensors: Field = [
        Table({1: Scalars("I", shape), 3: FLOAT32, 4: u32(n), 5: u32(skip)}) for n, skip in sizes
    ]
    return Table({0: Scalar("Q", type_id("ImmutableTensor")), 7: tensors})


def test_fbs_tensors_take_their_turn_and_skip_their_offset() -> None:
    floats = struct.pack("<3f", 1, 2, 3)
    model = read_mge(model_fbs([fbs_constant([(5, 1)], [1]), fbs_constant([(8, 0)], [2])], b"?" + floats))
    assert [t.array().tolist() for t in model.constants.values()] == [[1.0], [2.0, 3.0]]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (model_fbs([fbs_constant([(8, 0)], [2])], bytes(4)), "outside the tensor section"),
        (model_fbs([fbs_constant([(4, 8)], [1])], bytes(4)), "outside the tensor section"),
        (model_fbs([fbs_constant([(4, 0)], [1])], bytes(6)), "belong to no tensor"),
        (model_fbs([fbs_constant([(4, 0)], [1])], bytes(4), features=2), "feature bits"),
        (model_fbs([fbs_constant([(4, 0)], [1])], bytes(4), size=2**63), "truncated"),
        (model_fbs([Table({0: Scalar("Q", 99)})]), "how many outputs unknown_0x0000000000000063"),
        (
            model_fbs([Table({0: Scalar("Q", type_id("MatrixInverse")), 5: ["a", "b"]})]),
            "names 2 outputs but has 1",
        ),
    ],
)
def test_inconsistent_fbs_files_are_refused(data: bytes, reason: str) -> None:
    assert reason in refused(data)


def test_unknown_fbs_operators_are_counted_by_their_names() -> None:
    model = read_mge(model_fbs([Table({0: Scalar("Q", 99), 5: ["a", "b"]})]))
    assert model.output_names == ("a",) and model.records[0].outputs == (0, 1)


def test_records_of_old_releases_are_read_as_todays() -> None:
    """ConvBiasForwardV3 has one field more and counts layouts in its own way."""
    inputs = [fbs_constant([(4, 0)], [1]), fbs_constant([(4, 0)], [1])]
    param = Table({3: u32(18), 9: u32(3), 10: u32(64), 11: u32(1)})
    old = Table({0: Scalar("Q", type_id("ConvBiasForwardV3")), 1: u8(6), 2: param, 3: Scalars("I", [0, 1])})
    record = read_mge(model_fbs([*inputs, old], bytes(8))).records[2]
    assert (record.type, record.version) == ("ConvBiasForward", 1)
    assert (record.params["format"], record.params["dilate_w"]) == ("CHWN4", 3)
    assert record.params["compute_mode"] == "FLOAT32"
